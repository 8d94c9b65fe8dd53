# Repeats the linear cells of a run with plm. In this folder: Rscript linear_cells.R
# Then: harness compare RUN r_results.csv
# Where fixest is installed, it fits all but random effects too: harness compare RUN fixest_results.csv
suppressPackageStartupMessages(library(plm))
has_fixest <- requireNamespace("fixest", quietly = TRUE)

rows_of <- function(fit, covariance, outcome, estimator, terms) {
  estimate <- coef(fit)
  error <- if (is.null(covariance)) rep(NA_real_, length(estimate)) else sqrt(diag(covariance))
  found <- match(names(terms), names(estimate))
  data.frame(outcome = outcome, estimator = estimator, term = unname(terms),
    estimate = unname(estimate[found]), std_error = unname(error[found]))
}
write_results <- function(results, file) {
  results$estimate <- sprintf("%.17g", results$estimate)
  results$std_error <- ifelse(is.na(results$std_error), "", sprintf("%.17g", results$std_error))
  write.csv(results, file, row.names = FALSE, quote = TRUE)
}
results <- data.frame()
by_fixest <- data.frame()
