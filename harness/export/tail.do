esttab using linear_cells.rtf, replace se r2 ar2
postclose `results'
use `"`found'"', clear
format estimate std_error %24.17g
export delimited using stata_results.csv, replace datafmt
