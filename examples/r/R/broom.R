# Methods in the sense of broom, with its names of columns.

broomed <- function(table) {
  columns <- c(term = "term", estimate = "estimate", std_error = "std.error", p_value = "p.value",
               conf_low = "conf.low", conf_high = "conf.high")
  result <- stats::setNames(table[names(columns)], columns)
  result$statistic <- result$estimate / result$std.error
  rownames(result) <- NULL
  result[c("term", "estimate", "std.error", "statistic", "p.value", "conf.low", "conf.high")]
}

tidy.harness_fit <- function(x, ...) broomed(x$tidy)

tidy.harness_run <- function(x, ...) {
  table <- attr(x, "tidy")
  cbind(table[c("outcome", "estimator")], broomed(table))
}

glanced <- function(table) {
  renamed <- c(n_obs = "nobs", r2 = "r.squared", r2_within = "within.r.squared")
  known <- names(table) %in% names(renamed)
  names(table)[known] <- renamed[names(table)[known]]
  rownames(table) <- NULL
  table
}

glance.harness_fit <- function(x, ...) glanced(x$glance[setdiff(names(x$glance), c("estimator", "outcome"))])

glance.harness_run <- function(x, ...) glanced(attr(x, "glance"))

augment.harness_fit <- function(x, protocol = "in_sample", ...) {
  rows <- read_table(x$path, "predictions")
  own <- rows$estimator == x$estimator & rows$outcome == x$outcome & rows$protocol == protocol & rows$sample == "test"
  if (!any(own)) stop("no predictions under '", protocol, "', only ", toString(unique(rows$protocol)), call. = FALSE)
  rows <- rows[own, ]
  data.frame(rows[c("entity", "time", "fold", "observed")], .fitted = rows$predicted,
             .resid = rows$observed - rows$predicted, row.names = NULL)
}

predict.harness_fit <- function(object, newdata = NULL, protocol = "in_sample", ...) {
  if (!is.null(newdata)) {
    stop("a run keeps predictions and no models: add these rows to the data of the study", call. = FALSE)
  }
  augment(object, protocol = protocol)$.fitted
}
