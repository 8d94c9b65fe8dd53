# Conley errors in base R, on numbers that any program can make: the numbers of test_covariance.py.
# Run as: Rscript tests/plugins/harness_panel/conley.R
# The sandwich has no factor; pairs of one period count by their distance, rows of one entity by their periods.

n <- 40
periods <- 5
k <- 0:(n * periods - 1)
entity <- k %/% periods
time <- k %% periods
latitude <- 35 + 12 * sin(1.3 * entity)
longitude <- 105 + 18 * cos(2.1 * entity)
x <- sin(0.7 * k) + 0.5 * cos(0.9 * entity)
w <- cos(1.9 * k + 0.1 * entity)
y <- 1 + 0.8 * x - 0.3 * w + sin(0.05 * latitude * time) + 0.6 * cos(2.7 * k)

haversine <- function(a, b, c, d) {
  r <- pi / 180
  h <- sin((c - a) * r / 2)^2 + cos(a * r) * cos(c * r) * sin((d - b) * r / 2)^2
  2 * 6371.0088 * asin(pmin(1, sqrt(h)))
}
i <- rep(seq_along(k), times = length(k))
j <- rep(seq_along(k), each = length(k))
distance <- matrix(haversine(latitude[i], longitude[i], latitude[j], longitude[j]), length(k))
apart <- abs(outer(time, time, "-"))
own <- outer(entity, entity, "==")

conley <- function(fit, kernel, cutoff, lags) {
  near <- if (kernel == "uniform") 1 * (distance <= cutoff) else pmax(1 - distance / cutoff, 0)
  weights <- near * (apart == 0) + (own & apart > 0 & apart <= lags) * (1 - apart / (lags + 1))
  X <- model.matrix(fit)
  bread <- solve(crossprod(X))
  scores <- X * residuals(fit)
  bread %*% t(scores) %*% weights %*% scores %*% bread
}

fits <- list(pooled = lm(y ~ x + w), within = lm(y ~ x + w + factor(entity) + factor(time)))
for (name in names(fits)) {
  for (kernel in c("uniform", "bartlett")) {
    for (lags in c(0, 2)) {
      V <- conley(fits[[name]], kernel, 700, lags)[c("x", "w"), c("x", "w")]
      cat(sprintf("%s, %s, %d: %.17g %.17g %.17g\n", name, kernel, lags, V[1, 1], V[1, 2], V[2, 2]))
    }
  }
}
