# A run: its tables, and its models one by one.

run_harness <- function(spec, data = NULL, out = tempfile("run"), quick = FALSE, jobs = 1, ...) {
  folder <- tempfile("study")
  dir.create(folder)
  on.exit(unlink(folder, recursive = TRUE))
  words <- character()
  if (inherits(spec, "formula")) spec <- panel_spec(spec, ...)
  if (!is.null(data)) {
    file <- file.path(folder, "data.csv")
    utils::write.csv(written_data(data), file, row.names = FALSE, na = "", fileEncoding = "UTF-8")
    words <- c("--data", file)
  }
  study <- spec
  if (is.list(spec)) {
    if (is.null(spec$data)) spec$data <- stats::setNames(list(), character())
    if (!is.null(data)) spec$data$path <- "data.csv"
    study <- file.path(folder, "study.yaml")
    writeLines(to_json(spec), study, useBytes = TRUE)
  }
  words <- c("run", study, words, "--out", out, "--jobs", as.character(jobs), if (quick) "--quick")
  text <- call_harness(words)
  run <- open_harness(out)
  attr(run, "text") <- text
  run
}

# Columns as text that Python reads as the same numbers.
written_data <- function(data) {
  data <- as.data.frame(data)
  data[] <- lapply(data, function(column) {
    if (is.double(column) && is.null(attr(column, "class"))) {
      ifelse(is.na(column), NA_character_, exact(column))
    } else {
      as.character(column)
    }
  })
  data
}

open_harness <- function(path) {
  names <- list.files(path, "\\.csv$")
  if (!file.exists(file.path(path, "manifest.json"))) stop("'", path, "' is no run folder", call. = FALSE)
  tables <- lapply(file.path(path, names), function(file) read_lines(readLines(file, encoding = "UTF-8")))
  run <- stats::setNames(tables, sub("\\.csv$", "", names))
  glance <- read_table(path, "glance")
  models <- lapply(seq_len(nrow(glance)), function(row) {
    structure(list(path = path, estimator = glance$estimator[[row]], outcome = glance$outcome[[row]],
                   tidy = NULL, glance = glance[row, ]), class = "harness_fit")
  })
  several <- length(unique(glance$outcome)) > 1
  labels <- if (several) paste(glance$outcome, glance$estimator) else glance$estimator
  tidy <- read_table(path, "tidy")
  models <- lapply(models, function(model) {
    own <- tidy$estimator == model$estimator & tidy$outcome == model$outcome
    model$tidy <- tidy[own, , drop = FALSE]
    model
  })
  run$models <- stats::setNames(models, labels)
  structure(run, class = "harness_run", path = path, tidy = tidy, glance = glance)
}

format.harness_run <- function(x, ...) {
  text <- attr(x, "text")
  tables <- setdiff(names(x), "models")
  c(if (length(text)) text, paste("Run in", attr(x, "path")), paste("Models:", toString(names(x$models))),
    paste("Tables:", toString(tables)))
}

print.harness_run <- function(x, ...) {
  writeLines(format(x))
  invisible(x)
}

print.harness_fit <- function(x, ...) {
  cat(x$estimator, "of", x$outcome, "\n")
  print(tidy(x))
  invisible(x)
}
