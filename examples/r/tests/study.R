# A study of a formula has the coefficients of lm(). The Python side may be absent: then only formulas are checked.
library(panelharness)

spec <- panel_spec(log(y) ~ x + asinh(z) | firm + year, protocols = "in_sample")
stopifnot(
  identical(spec$roles$entity, "firm"), identical(spec$roles$exposure, "x"),
  identical(as.character(spec$roles$controls), "asinh_z"), length(spec$data$prepare) == 2,
  identical(spec$data$prepare[[1]], list(log = list(into = "log_y", of = "y")))
)
refused <- function(expression, words) {
  message <- tryCatch({expression; ""}, error = conditionMessage)
  stopifnot(grepl(words, message, fixed = TRUE))
}
refused(panel_spec(y ~ system("touch hit") | firm + year), "is no column")
refused(panel_spec(y ~ x | firm), "name entity and time")
refused(panel_spec(y ~ x * z | firm + year), "interactions")
refused(panel_spec(y ~ x | factor(firm) + year), "not the name of a column")
refused(panel_spec(y ~ 1 | firm + year), "no regressor")
stopifnot(!file.exists("hit"))
json <- panelharness:::to_json(list(a = "q\"\\\n\u00e9", b = I("one"), c = 0.1 + 0.2, d = list(), e = NULL, f = TRUE))
stopifnot(identical(json, "{\"a\": \"q\\\"\\\\\\u000a\u00e9\", \"b\": [\"one\"], \"c\": 0.30000000000000004, \"d\": [], \"e\": null, \"f\": true}"))

if (!has_harness()) {
  cat("the command harness is not here: nothing was run\n")
} else {
  set.seed(7)
  panel <- expand.grid(year = 2001:2006, firm = sprintf("%03d", 1:12))
  panel$x <- rnorm(72) + as.integer(factor(panel$firm)) / 4
  panel$z <- rnorm(72)
  panel$y <- 2 * panel$x - panel$z + as.integer(factor(panel$firm)) + rnorm(72)
  folder <- Sys.getenv("HARNESS_RUN", tempfile("run"))
  run <- run_harness(y ~ x + z | firm + year, panel, out = folder, protocols = c("in_sample", "held_out_entities"))
  ols <- lm(y ~ x + z, panel)
  within <- lm(y ~ x + z + firm + factor(year), panel)
  for (term in c("x", "z")) {
    estimate <- function(id) {
      table <- tidy(run$models[[id]])
      table$estimate[table$term == term]
    }
    stopifnot(abs(estimate("pooled_ols") / coef(ols)[[term]] - 1) < 1e-9)
    stopifnot(abs(estimate("within") / coef(within)[[term]] - 1) < 1e-9)
  }
  stopifnot(
    abs(glance(run$models$pooled_ols)$r.squared - summary(ols)$r.squared) < 1e-9,
    glance(run$models$pooled_ols)$nobs == 72,
    max(abs(sort(predict(run$models$pooled_ols)) - sort(fitted(ols)))) < 1e-9,
    nrow(augment(run$models$within, protocol = "held_out_entities")) == 72,
    identical(open_harness(folder)$gain, run$gain), nrow(tidy(run)) >= 4,
    any(grepl("pooled_ols", format(run)))
  )
  refused(predict(run$models$within, newdata = panel), "keeps predictions and no models")
  wrong <- panel_spec(y ~ x | firm + year, study = "")
  refused(run_harness(wrong, panel), "harness ended with status 2")
  # For who compares with Python: every number by 17 digits.
  table <- tidy(run)
  numbers <- sapply(table[c("estimate", "std.error", "p.value", "conf.low", "conf.high")], sprintf, fmt = "%.17g")
  write.csv(cbind(table[c("outcome", "estimator", "term")], numbers), file.path(folder, "tidy_r.txt"), row.names = FALSE)
  gains <- sapply(run$gain[c("gain", "conf_low", "conf_high")], sprintf, fmt = "%.17g")
  write.csv(gains, file.path(folder, "gain_r.txt"), row.names = FALSE)
}
