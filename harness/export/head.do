* Repeats the linear cells of a run. In this folder: do linear_cells.do
* It asks for reghdfe and estout: ssc install reghdfe, ssc install ftools, ssc install estout
* Then: harness compare RUN stata_results.csv
version 15
clear all
tempname results
tempfile found
postfile `results' str244(outcome estimator term) double(estimate std_error) using `"`found'"'
program define keep_term
    args results outcome estimator name term errors
    local error (cond(`errors', _se[`name'], .))
    post `results' (`"`outcome'"') (`"`estimator'"') (`"`term'"') (_b[`name']) `error'
end
