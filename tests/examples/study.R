
source(commandArgs(TRUE)[1])
set.seed(7)
panel <- expand.grid(year = 2001:2006, firm = sprintf("%03d", 1:12))
panel$x <- rnorm(72) + as.integer(factor(panel$firm)) / 4
panel$z <- rnorm(72)
panel$y <- 2 * panel$x - panel$z + as.integer(factor(panel$firm)) + rnorm(72)
spec <- list(
  spec_version = 1, study = "from-r",
  roles = list(entity = "firm", time = "year", outcomes = I("y"), exposure = "x", controls = I("z")),
  estimators = list(
    list(id = "ols", use = "pooled_ols"),
    list(id = "fe", use = "fixed_effects", effects = I("entity"))
  ),
  evaluation = list(protocols = I("in_sample")),
  report = list(formats = list())
)
tables <- run_harness(spec, data = panel, out = "runs/r")
found <- tables$coefficients
at <- function(id, term) found$estimate[found$estimator == id & found$term == term]
ols <- coef(lm(y ~ x + z, panel))
fe <- coef(lm(y ~ x + z + firm, panel))
for (term in c("x", "z")) {
  stopifnot(abs(at("ols", term) / ols[[term]] - 1) < 1e-9, abs(at("fe", term) / fe[[term]] - 1) < 1e-9)
}
wrong <- try(run_harness(modifyList(spec, list(study = "")), data = panel, out = "runs/w"), silent = TRUE)
stopifnot(inherits(wrong, "try-error"), grepl("harness ended with status 2", wrong))
cat("equal\n")
