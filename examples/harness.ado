*! Run a study on the data in memory and load one of its tables.
*! harness using study.yaml, out(runs/wages) table(coefficients)
program define harness
    version 16
    syntax using/, OUT(string) [TABle(string) QUIck]
    if "`table'" == "" local table "coefficients"
    capture confirm file "`out'/manifest.json"
    if !_rc {
        display as error "`out' has a run; name a new folder"
        exit 602
    }
    tempfile rows
    quietly save "`rows'.dta"
    shell harness run "`using'" --data "`rows'.dta" --out "`out'" `=cond("`quick'" == "", "", "--quick")'
    erase "`rows'.dta"
    confirm file "`out'/manifest.json"
    import delimited using "`out'/`table'.csv", clear varnames(1)
end
