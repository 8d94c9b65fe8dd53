# A study as a list with the keys of a spec, and as text.

panel_spec <- function(formula, entity = NULL, time = NULL, estimators = NULL, protocols = NULL,
                       study = "study", seed = 1, ...) {
  parts <- formula_parts(formula)
  keys <- if (is.null(entity)) parts$keys else c(entity, time)
  if (length(keys) != 2) {
    stop("name entity and time: y ~ x + z | entity + time, or entity = \"...\", time = \"...\"", call. = FALSE)
  }
  if (is.null(estimators)) {
    effects <- list(id = "within", use = "fixed_effects", effects = I(c("entity", "time")))
    estimators <- list("pooled_ols", effects)
  }
  spec <- list(spec_version = 1, study = study, seed = seed)
  spec$roles <- list(entity = keys[[1]], time = keys[[2]], outcomes = I(parts$outcome),
                     exposure = parts$regressors[[1]], controls = I(parts$regressors[-1]))
  spec$estimators <- if (is.character(estimators)) I(estimators) else estimators
  if (!is.null(protocols)) spec$evaluation <- list(protocols = if (is.character(protocols)) I(protocols) else protocols)
  spec <- c(spec, list(...))
  if (length(parts$steps)) spec$data$prepare <- c(parts$steps, spec$data$prepare)
  spec
}

# Steps that a call in a formula is, by the name of the function.
STEPS <- c(log = "log", log1p = "log1p", asinh = "asinh")

# Outcome, regressors and keys by R's own parse of the terms; calls are named, never evaluated.
formula_parts <- function(formula) {
  if (!inherits(formula, "formula") || length(formula) != 3) stop("a formula with an outcome: y ~ x + z", call. = FALSE)
  right <- formula[[3]]
  keys <- character()
  if (is.call(right) && identical(right[[1]], as.name("|"))) {
    keys <- vapply(summands(right[[3]]), column_name, "")
    right <- right[[2]]
  }
  plain <- stats::as.formula(call("~", right), env = emptyenv())
  parsed <- terms(plain)
  if (any(attr(parsed, "order") > 1)) {
    stop("interactions are no terms of a spec: name moderators in roles, or estimators that find them", call. = FALSE)
  }
  if (!is.null(attr(parsed, "offset")) || attr(parsed, "intercept") == 0) {
    stop("offsets, and models without a constant, are not written as formulas", call. = FALSE)
  }
  variables <- c(list(formula[[2]]), as.list(attr(parsed, "variables"))[-1])
  if (length(variables) < 2) stop("the formula has no regressor; the first is the exposure", call. = FALSE)
  steps <- list()
  names <- character()
  for (variable in variables) {
    if (is.name(variable)) {
      names <- c(names, as.character(variable))
      next
    }
    step <- STEPS[as.character(variable[[1]])]
    if (length(variable) != 2 || !is.name(variable[[2]]) || is.na(step)) {
      stop("'", deparse1(variable), "' is no column: use log(), log1p(), asinh() of one, or make the column first",
           call. = FALSE)
    }
    of <- as.character(variable[[2]])
    into <- paste0(step, "_", of)
    steps <- c(steps, list(stats::setNames(list(list(into = into, of = of)), step)))
    names <- c(names, into)
  }
  list(outcome = names[[1]], regressors = unique(names[-1]), keys = keys, steps = steps)
}

summands <- function(expression) {
  if (is.call(expression) && identical(expression[[1]], as.name("+")) && length(expression) == 3) {
    c(summands(expression[[2]]), summands(expression[[3]]))
  } else {
    list(expression)
  }
}

column_name <- function(expression) {
  if (!is.name(expression)) stop("'", deparse1(expression), "' is not the name of a column", call. = FALSE)
  as.character(expression)
}

# JSON, which is YAML. A vector of length one is a value, in I() a list of one.
to_json <- function(value) {
  if (is.null(value)) return("null")
  if (length(value) == 0 && is.null(names(value))) return("[]")
  if (is.factor(value)) value <- as.character(value)
  if (is.list(value)) {
    parts <- vapply(value, to_json, "")
    if (is.null(names(value))) return(paste0("[", paste(parts, collapse = ", "), "]"))
    return(paste0("{", paste0(quoted(names(value)), ": ", parts, collapse = ", "), "}"))
  }
  written <- if (is.character(value)) quoted(value) else if (is.logical(value)) tolower(value) else exact(value)
  written[is.na(value)] <- "null"
  if (length(value) == 1 && !inherits(value, "AsIs")) written else paste0("[", paste(written, collapse = ", "), "]")
}

quoted <- function(text) {
  text <- gsub("([\"\\\\])", "\\\\\\1", enc2utf8(text))
  for (code in c(1:31, 127)) {
    text <- gsub(intToUtf8(code), sprintf("\\u%04x", code), text, fixed = TRUE)
  }
  paste0("\"", text, "\"")
}

# Numbers by as many digits as give them again.
exact <- function(numbers) {
  numbers <- as.numeric(numbers)
  short <- sprintf("%.15g", numbers)
  differs <- !is.na(numbers) & is.finite(numbers) & as.numeric(short) != numbers
  short[differs] <- sprintf("%.17g", numbers[differs])
  short
}
