*! harness 0.1.0: run a study on the data in memory; one of its tables, or one estimator as e() results
*! Written by Stata's documentation and not run in Stata.
*! harness using study.yaml, out(runs/wages) estimator(within)
*! harness, out(runs/wages) table(gain)
program define harness, eclass
    version 16
    syntax [using/], OUT(string) [ESTimator(string) OUTCome(string) TABle(string) QUIck]
    if "`using'" != "" {
        capture confirm file "`out'/manifest.json"
        if !_rc {
            display as error "`out' has a run; name a new folder"
            exit 602
        }
        tempfile rows
        quietly save "`rows'.dta"
        local options = cond("`quick'" == "", "", "--quick")
        shell harness run "`using'" --data "`rows'.dta" --out "`out'" `options'
        erase "`rows'.dta"
    }
    confirm file "`out'/manifest.json"
    tempfile csv
    if "`estimator'" == "" {
        if "`table'" == "" local table "coefficients"
        shell harness table "`out'" `table' > "`csv'"
        import delimited using "`csv'", clear varnames(1) asdouble
        exit
    }
    preserve
    shell harness table "`out'" glance > "`csv'"
    quietly import delimited using "`csv'", clear varnames(1) asdouble
    quietly keep if estimator == "`estimator'"
    if "`outcome'" == "" local outcome = outcome[1]
    quietly keep if outcome == "`outcome'"
    if _N == 0 {
        display as error "the run has no estimator `estimator' of `outcome'"
        exit 111
    }
    local n = n_obs[1]
    local r2 = r2[1]
    shell harness table "`out'" tidy > "`csv'"
    quietly import delimited using "`csv'", clear varnames(1) asdouble
    quietly keep if estimator == "`estimator'" & outcome == "`outcome'"
    if _N == 0 {
        display as error "`estimator' has no coefficients"
        exit 111
    }
    quietly replace term = "_cons" if term == "const"
    local names ""
    forvalues row = 1/`=_N' {
        local name = strtoname(term[`row'])
        local names "`names' `name'"
    }
    tempname b V
    generate double variance = std_error^2
    mkmat estimate, matrix(`b')
    mkmat variance, matrix(`V')
    matrix `b' = `b''
    // A run has no covariances between coefficients: esttab reads variances, test and lincom would be wrong.
    matrix `V' = diag(`V')
    matrix colnames `b' = `names'
    matrix colnames `V' = `names'
    matrix rownames `V' = `names'
    restore
    ereturn post `b' `V', obs(`n') depname(`outcome')
    ereturn scalar r2 = `r2'
    ereturn local title "harness: `estimator'"
    ereturn local estimator "`estimator'"
    ereturn local run "`out'"
    ereturn local cmd "harness"
    ereturn display
end
