# The Python side: the command `harness`, and its answers.

has_harness <- function() nzchar(find_command())

find_command <- function() {
  beside <- if (.Platform$OS.type == "windows") ".venv/Scripts/harness.exe" else ".venv/bin/harness"
  named <- c(getOption("panelharness.command", ""), Sys.getenv("HARNESS"))
  found <- c(named[nzchar(named)], unname(Sys.which("harness")), beside)
  found <- found[nzchar(found) & file.exists(found)]
  if (length(found)) normalizePath(found[[1]]) else ""
}

harness_command <- function() {
  command <- find_command()
  if (!nzchar(command)) {
    stop(
      "the command 'harness' is not found. It needs Python 3.11 or newer; in a clone of panel-harness:\n",
      "  python3 -m venv .venv\n",
      "  .venv/bin/pip install '.[standard]' ./plugins/harness_panel ./plugins/harness_sklearn\n",
      "and in R: options(panelharness.command = \"/path/to/.venv/bin/harness\")",
      call. = FALSE
    )
  }
  command
}

# Runs the command and returns the lines that it prints; errors go to the console.
call_harness <- function(...) {
  # R sets the path of its own libraries, among which another program's Python may be an older one.
  env <- if (.Platform$OS.type == "unix") "LD_LIBRARY_PATH=" else character()
  words <- shQuote(enc2utf8(c(...)))
  lines <- suppressWarnings(system2(harness_command(), words, stdout = TRUE, env = c(env, "PYTHONUTF8=1")))
  status <- attr(lines, "status")
  if (!is.null(status) && status != 0) stop("harness ended with status ", status, call. = FALSE)
  Encoding(lines) <- "UTF-8"
  lines
}

read_table <- function(path, name) {
  lines <- call_harness("table", path, name)
  if (length(lines) < 2) return(data.frame())
  read_lines(lines)
}

# Columns of names stay text: an entity may be called 001.
NAMES <- c("entity", "estimator", "outcome", "reference", "term")

read_lines <- function(lines) {
  header <- names(read.csv(text = lines[[1]], check.names = FALSE))
  classes <- ifelse(header %in% NAMES, "character", NA)
  read.csv(text = lines, na.strings = "", colClasses = classes, check.names = FALSE)
}
