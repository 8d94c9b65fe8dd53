# Spatial Durbin panels of Produc with usaww by splm 1.6-5 and spatialreg: the numbers of test_estimator.py.
# Run as: Rscript tests/plugins/harness_panel/spatial/spatial_durbin.R

suppressMessages({library(plm); library(splm); library(spatialreg); library(spdep)})
data(Produc, package = "plm")
data(usaww, package = "splm")
options(digits = 11)
d <- data.frame(state = Produc$state, year = Produc$year, y = log(Produc$gsp), pcap = log(Produc$pcap),
                pc = log(Produc$pc), emp = log(Produc$emp), unemp = Produc$unemp)
d <- d[order(d$year, d$state), ]
wide <- kronecker(diag(17), usaww)
own <- c("pcap", "pc", "emp", "unemp")
near <- paste0("w_", own)
d[near] <- wide %*% as.matrix(d[own])

show <- function(rho, slopes, errors) {
  A <- solve(diag(48) - rho * usaww)
  direct <- slopes[1:4] * sum(diag(A)) / 48 + slopes[5:8] * sum(diag(A %*% usaww)) / 48
  print(unname(c(slopes, rho)))
  print(unname(errors))
  print(unname(c(direct, (slopes[1:4] + slopes[5:8]) / (1 - rho) - direct)))
}

formula <- reformulate(c(own, near), "y")
fit <- spml(formula, d, c("state", "year"), mat2listw(usaww, style = "W"), model = "within", effect = "individual",
            lag = TRUE, spatial.error = "none", Hess = FALSE, LeeYu = TRUE, control = list(tol.opt = 1e-14))
show(coef(fit)[1], coef(fit)[c(own, near)], sqrt(diag(vcov(fit)))[c(2:9, 1)])

# splm does not take the means of periods out of the neighbours' outcome; dummies do.
dummies <- update(formula, . ~ . + factor(state) + factor(year))
fit <- lagsarlm(dummies, d, mat2listw(wide, style = "W"), tol.solve = 1e-20, control = list(tol.opt = 1e-14))
show(fit$rho, coef(fit)[c(own, near)], c(fit$rest.se[c(own, near)], fit$rho.se))
