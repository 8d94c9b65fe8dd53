# survival 3.8-3 on union membership of young men: Rscript conditional_logit.R > conditional_logit.csv
options(digits = 12)
library(survival)
wages <- read.csv("../../../reference/r/data/wage_panel.csv")
for (sample in c("balanced", "unbalanced")) {
  rows <- if (sample == "balanced") wages else wages[(wages$nr + 3 * wages$year) %% 5 > 1, ]
  fit <- clogit(union ~ married + exper + expersq + hours + strata(nr), rows, method = "exact",
                control = coxph.control(eps = 1e-14, toler.chol = 1e-14, iter.max = 50))
  numbers <- cbind(coef(fit), sqrt(diag(vcov(fit))))
  write.table(cbind(sample, rownames(numbers), numbers), quote = FALSE, row.names = FALSE, col.names = FALSE, sep = ",")
  cat(sample, "log_likelihood", fit$loglik[2], fit$loglik[1], sep = ",")
  cat("\n")
}
