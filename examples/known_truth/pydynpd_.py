"""pydynpd: two-step difference and system GMM, collapsed."""

from pydynpd import regression
from scipy.stats import norm


def dynamic(options):
    def slope(frame):
        command = f"y L1.y x | gmm(y, 2:99) gmm(x, 1:99) | {options}"
        table = regression.abond(command, frame, ["unit", "time"]).models[0].regression_table
        row = table[table["variable"] == "x"].iloc[0]
        estimate, error = float(row["coefficient"]), float(row["std_err"])
        half_width = norm.ppf(0.975) * error
        return estimate, error, estimate - half_width, estimate + half_width

    return slope


ESTIMATORS = {
    "abond, difference": ({"dynamic"}, dynamic("nolevel collapse timedumm")),
    "abond, system": ({"dynamic"}, dynamic("collapse timedumm")),
}
