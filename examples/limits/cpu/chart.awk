# awk -f chart.awk FILE... >chart.svg
# Each line "NAME 1.23s" becomes a bar; between two files there is a gap.
BEGIN { left = 130; second = 250; y = 20 }
FNR == 1 && NR > 1 { y += 20 }
{
  long = $2 * second
  bars = bars sprintf("<text x='%d' y='%d' text-anchor='end'>%s</text>\n", left - 12, y + 19, $1)
  bars = bars sprintf("<rect x='%d' y='%d' width='%d' height='28' rx='3' class='bar'/>\n", left, y, long)
  bars = bars sprintf("<text x='%d' y='%d'>%s</text>\n", left + long + 10, y + 19, $2)
  y += 38
}
END {
  height = y + 10
  printf "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 720 %d' width='720' height='%d'>\n", height, height
  print "<style>text{font:14px ui-monospace,Menlo,Consolas,monospace;fill:#1f2733}"
  print ".card{fill:#f5f7fa;stroke:#c3cbd6}.bar{fill:#cfe4fb;stroke:#2f6fb5}</style>"
  printf "<rect x='.5' y='.5' width='719' height='%d' rx='8' class='card'/>\n", height - 1
  printf "%s</svg>\n", bars
}
