# Writes gallery.csv: tables of specs/gallery by R's plm, AER and sandwich, as Debian 13 has them.
# Rscript gallery.R > gallery.csv
suppressMessages({library(plm); library(AER); library(sandwich)})
options(digits = 15)
row <- function(study, estimator, fit, names, errors = sqrt(diag(vcov(fit)))) {
  found <- coef(fit)
  kept <- names(found) %in% names(names)
  data.frame(study = study, estimator = estimator, term = unname(names[names(found)[kept]]),
             estimate = unname(found[kept]), std_error = unname(errors[kept]))
}
out <- list()
data("Grunfeld", package = "plm")
terms <- c("(Intercept)" = "const", value = "value", capital = "capital")
for (one in list(c("ols", "pooling"), c("between", "between"), c("within", "within"), c("random", "random"))) {
  fit <- plm(inv ~ value + capital, data = Grunfeld, model = one[2])
  out[[length(out) + 1]] <- row("grunfeld-one-way", one[1], fit, terms)
}
data("Produc", package = "plm")
terms <- c("(Intercept)" = "const", "log(pcap)" = "log_pcap", "log(pc)" = "log_pc", "log(emp)" = "log_emp",
           unemp = "unemp")
fit <- plm(log(gsp) ~ log(pcap) + log(pc) + log(emp) + unemp, model = "fd", data = Produc)
out[[length(out) + 1]] <- row("production-differences", "trend", fit, terms)
data("Hedonic", package = "plm")
fit <- plm(mv ~ crim + zn + indus + chas + nox + rm + age + dis + rad + tax + ptratio + blacks + lstat,
           data = Hedonic, model = "random", index = "townid")
terms <- setNames(names(coef(fit)), names(coef(fit)))
terms[c("(Intercept)", "chasyes")] <- c("const", "chas=yes")
out[[length(out) + 1]] <- row("house-values", "random", fit, terms)
data("Crime", package = "plm")
logs <- c("prbarr", "prbconv", "prbpris", "avgsen", "polpc", "density", "wcon", "wtuc", "wtrd", "wfir", "wser", "wmfg",
          "wfed", "wsta", "wloc", "pctymle", "pctmin")
form <- reformulate(c(sprintf("log(%s)", logs), "region", "smsa"), "log(crmrte)")
terms <- c("(Intercept)" = "const", setNames(paste0("log_", logs), sprintf("log(%s)", logs)),
           regionwest = "region=west", regioncentral = "region=central", smsayes = "smsa=yes")
out[[length(out) + 1]] <- row("county-crime", "between", plm(form, data = Crime, model = "between"), terms)
out[[length(out) + 1]] <- row("county-crime", "two_way", plm(form, data = Crime, model = "within", effect = "twoways"), terms)
data("Fatalities", package = "AER")
Fatalities$rate <- Fatalities$fatal / Fatalities$pop * 10000
fit <- lm(rate ~ beertax + state + year, data = Fatalities)
out[[length(out) + 1]] <- row("beer-taxes", "two_way_robust", fit, c(beertax = "beertax"), sqrt(diag(vcovHC(fit, type = "HC1"))))
write.csv(do.call(rbind, out), row.names = FALSE, quote = FALSE)
