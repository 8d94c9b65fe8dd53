# The inverted U of wage_experience.yaml by base R. Usage: Rscript shapes.R wage_panel.csv
# Columns: nr, year, lwage, exper, married, union.
wage <- read.csv(commandArgs(TRUE)[1])
fit <- lm(lwage ~ exper + I(exper^2) + married + union + factor(nr), wage)
at <- c("exper", "I(exper^2)")
b <- coef(fit)[at]; V <- vcov(fit)[at, at]
slope <- function(x) sum(b * c(1, 2 * x))
error <- function(x) sqrt(drop(c(1, 2 * x) %*% V %*% c(1, 2 * x)))
place <- -b[1] / (2 * b[2])
gradient <- c(-1 / (2 * b[2]), b[1] / (2 * b[2]^2))
half <- qt(0.975, fit$df.residual) * sqrt(drop(gradient %*% V %*% gradient))
gap <- function(x) (slope(x) / error(x))^2 - qt(0.975, fit$df.residual)^2
fieller <- c(uniroot(gap, c(place - 5, place), tol = 1e-13)$root, uniroot(gap, c(place, place + 50), tol = 1e-13)$root)
ends <- range(wage$exper)
t <- c(slope(ends[1]) / error(ends[1]), -slope(ends[2]) / error(ends[2]))
show <- function(name, x) cat(sprintf("%s %s\n", name, paste(format(x, digits = 15), collapse = " ")))
show("estimate", b); show("std_error", sqrt(diag(V))); show("df", fit$df.residual)
show("place", place); show("delta", c(place - half, place + half)); show("fieller", fieller)
show("ends", ends); show("statistic", min(t)); show("p", pt(min(t), fit$df.residual, lower.tail = FALSE))
