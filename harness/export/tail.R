write_results(results, "r_results.csv")
if (nrow(by_fixest)) write_results(by_fixest, "fixest_results.csv")
