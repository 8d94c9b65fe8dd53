# plm 2.6-5 on Grunfeld's investment; degrees of freedom, and long-run variances as under the null.
library(plm)
data("Grunfeld", package = "plm")
g <- pdata.frame(Grunfeld, c("firm", "year"))
own <- plm:::longrunvar
assignInNamespace("longrunvar", function(x, exo, q = NULL) own(x, "none", q), "plm")
z <- function(series, ...) print(purtest(series, ...)$statistic$statistic, digits = 12)
for (lags in 0:2) {
  z(g$inv, test = "ips", exo = "intercept", lags = lags, dfcor = TRUE)
  z(g$inv, test = "levinlin", exo = "intercept", lags = lags)
}
short <- g[as.numeric(g$year) < 9, ]
z(short$inv, test = "ips", exo = "intercept", lags = 0, dfcor = TRUE, ips.stat = "Ztbar")
