#!/bin/sh
# Makes the figure of the paper: gains.png, from a simulated panel without an effect.
set -eu
here=$(dirname "$0")
harness run "$here/../../specs/recognised.yaml" --out "$here/run" --jobs 1
harness report "$here/run" --png
cp "$here/run/figures/gains.png" "$here/gains.png"
