# plm 2.6-5 on EmplUK: coefficients (lag, wage, capital), errors, AR(1), AR(2), Hansen's J, instruments.
# mtest leaves the residuals in levels of a system out of the moments; here they are in, as in xtabond2.
options(digits = 12, warn = -1)
library(plm)
data("EmplUK", package = "plm")
for (v in c("emp", "wage", "capital")) EmplUK[[v]] <- log(EmplUK[[v]])
centred <- EmplUK
for (v in c("emp", "wage", "capital")) centred[[v]] <- centred[[v]] - mean(centred[[v]])
all <- emp ~ lag(emp, 1) + wage + capital | lag(emp, 2:99) + lag(wage, 2:99) + lag(capital, 2:99)
some <- emp ~ lag(emp, 1) + wage + capital | lag(emp, 2:99) + lag(wage, 1:99)
few <- emp ~ lag(emp, 1) + wage + capital | lag(emp, 2:4) + lag(wage, 2:4) + lag(capital, 2:4)
ar <- function(fit, order) {
  rows <- if (fit$args$transformation == "d") seq_len(nrow(fit$model[[1]])) else seq_len(nrow(fit$model[[1]]) %/% 2)
  sums <- Map(function(m, w, u) {
    before <- c(rep(0, order), u[rows])[rows]
    list(own = sum(before * u[rows]), x = before %*% m[rows, -1], z = crossprod(w, u), wx = crossprod(w, m[, -1]))
  }, fit$model, lapply(fit$W, as.matrix), lapply(fit$residuals, as.numeric))
  of <- function(f) Reduce(`+`, lapply(sums, f))
  A <- if (fit$args$model == "onestep") fit$A1 else fit$A2
  x <- of(function(s) s$x)
  v <- of(function(s) s$own^2) - 2 * x %*% fit$vcov %*% t(of(function(s) s$wx)) %*% A %*% of(function(s) s$z * s$own) +
    x %*% vcovHC(fit) %*% t(x)
  of(function(s) s$own) / sqrt(c(v))
}
show <- function(formula, data = EmplUK, effect = "twoways", ...) {
  fit <- pgmm(formula, data, effect = effect, ...)
  found <- coef(summary(fit))[, 1:2]
  cat(c(found, ar(fit, 1), ar(fit, 2), sargan(fit)$statistic, ncol(fit$W[[1]])), sep = ", ")
  cat("\n")
}
show(all, model = "twosteps", transformation = "d")
show(all, model = "onestep", transformation = "d")
show(all, model = "twosteps", transformation = "d", collapse = TRUE)
show(all, model = "twosteps", transformation = "ld")
show(all, model = "onestep", transformation = "ld")
show(few, model = "twosteps", transformation = "ld", collapse = TRUE)
show(some, model = "twosteps", transformation = "d")
show(all, effect = "individual", model = "twosteps", transformation = "d")
show(all, data = centred, model = "twosteps", transformation = "ld")
