# Run a study from R and read its tables back.
#
#   source("harness.R")
#   tables <- run_harness(spec, data = panel, out = "runs/wages")
#   subset(tables$coefficients, term == "union")

# spec:    a list with the keys that a spec has as YAML (`harness schema`), but for `data`
# data:    a data frame, one row an entity and period
# out:     the run folder, new or empty
# command: the program, for an environment of its own ".venv/bin/harness"
# Returns a list of data frames, one a result table.
run_harness <- function(spec, data, out, quick = FALSE, command = Sys.getenv("HARNESS", "harness")) {
  folder <- tempfile("study")
  dir.create(folder)
  write.csv(data, file.path(folder, "data.csv"), row.names = FALSE)
  spec$data <- list(path = "data.csv")
  study <- file.path(folder, "study.yaml")  # JSON is YAML
  writeLines(jsonlite::toJSON(spec, auto_unbox = TRUE, digits = NA), study)
  words <- c("run", shQuote(study), "--out", shQuote(out), if (quick) "--quick")
  # R sets the path of its own libraries, among which another program's Python may be an older one.
  env <- if (.Platform$OS.type == "unix") "LD_LIBRARY_PATH=" else character()
  status <- system2(command, words, env = env)
  if (status != 0) stop("harness ended with status ", status)
  files <- list.files(out, "\\.csv$", full.names = TRUE)
  setNames(lapply(files, read.csv), sub("\\.csv$", "", basename(files)))
}
