# plm: two-way effects, first differences, and two-step difference and system GMM, collapsed.
# Answers as serve.py does: reads a line of JSON for each panel, and writes one.
suppressPackageStartupMessages({
  library(plm)
  library(jsonlite)
})

interval <- function(estimate, error, df) {
  half <- qt(0.975, df) * error
  list(estimate = estimate, std_error = error, conf_low = estimate - half, conf_high = estimate + half)
}

linear <- function(model, effect) function(rows) {
  fit <- plm(y ~ x + c, rows, model = model, effect = effect)
  error <- sqrt(vcovHC(fit, method = "arellano", type = "sss", cluster = "group")["x", "x"])
  interval(coef(fit)[["x"]], error, length(unique(rows$unit)) - 1)
}

dynamic <- function(transformation) function(rows) {
  fit <- pgmm(y ~ lag(y, 1) + x | lag(y, 2:99) + lag(x, 1:99), rows, effect = "twoways", model = "twosteps",
              transformation = transformation, collapse = TRUE)
  found <- coef(summary(fit, robust = TRUE))["x", ]
  interval(found[[1]], found[[2]], Inf)
}

every <- c("constant", "varying", "dynamic", "spatial", "nonlinear")
estimators <- list(
  "plm, within, two-way" = list(c(every, "staggered"), linear("within", "twoways")),
  "plm, first differences" = list(every, linear("fd", "individual")),
  "pgmm, difference" = list("dynamic", dynamic("d")),
  "pgmm, system" = list("dynamic", dynamic("ld"))
)

answer <- function(estimate, rows) {
  start <- proc.time()[["elapsed"]]
  tryCatch(
    c(estimate(rows), seconds = proc.time()[["elapsed"]] - start),
    error = function(problem) list(reason = conditionMessage(problem))
  )
}

input <- file("stdin", "r")
while (length(line <- readLines(input, n = 1)) > 0) {
  asked <- fromJSON(line)
  rows <- pdata.frame(read.csv(asked$file), index = c("unit", "time"))
  said <- Filter(function(own) asked$family %in% own[[1]], estimators)
  made <- lapply(names(said), function(name) {
    c(list(estimator = name, version = as.character(packageVersion("plm"))), answer(said[[name]][[2]], rows))
  })
  cat(toJSON(made, auto_unbox = TRUE, digits = NA), "\n", sep = "")
}
