# quantreg on produc of the R reference: slopes at three quantiles, entity and year effects, and entity effects alone.
options(digits = 12)
library(quantreg)
produc <- read.csv("tests/reference/r/data/produc.csv")
slopes <- function(effects) {
  equation <- function(left) reformulate(c("lpcap", "lpc", "lemp", "unemp", effects), left)
  location <- lm(equation("lgsp"), produc)
  produc$spread <- abs(resid(location))
  scale <- lm(equation("spread"), produc)
  residual <- resid(location)
  at <- fitted(scale)
  for (tau in c(0.25, 0.5, 0.75)) {
    q <- coef(rq(residual ~ 0 + at, tau = tau))
    cat((coef(location) + q * coef(scale))[2:5], sep = ", ")
    cat("\n")
  }
}
slopes(c("factor(state)", "factor(year)"))
slopes("factor(state)")
