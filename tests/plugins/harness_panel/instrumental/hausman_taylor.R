# plm 2.6-5 on wages of young men: Rscript hausman_taylor.R > hausman_taylor.csv
options(digits = 12)
suppressMessages(library(plm))
wages <- pdata.frame(read.csv("../../../reference/r/data/wage_panel.csv"), c("nr", "year"))
fit <- plm(lwage ~ union + married + hours + educ + black | married + hours + black | union + educ,
           data = wages, model = "random", random.method = "ht", inst.method = "baltagi")
write.table(coef(summary(fit))[, 1:2], quote = FALSE, col.names = FALSE, sep = ",")
cat("variances", ercomp(fit)$sigma2, sep = ",")
cat("\n")
