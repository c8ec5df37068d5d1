#include "html_style.h"

/* In pieces: C11 promises no more than 4,095 characters in one string. */
static const char *const style[] = {
    /* Okabe and Ito's colours, a little darker or lighter where the contrast
     * to the ground asks for it: colour-blind readers can tell them apart. */
    ":root{--ground:#fff;--card:#f6f7f9;--text:#1a1d21;--soft:#555b64;"
    "--rule:#c9ced6;--noise:#9aa3b0;--s1:#0072b2;--s2:#b57700;--s3:#00875f;"
    "--s4:#b0508a;--s5:#d04a00;--sc:#6b7280;--sr:#6b7280;--sp:#3d4450;"
    "--k0:#0b4f8a;--k1:#7fb2de;--k2:#f2cf63;--k3:#d98a1f;--k4:#a3a9b3;"
    "--warn:#fff3d6;--warn-rule:#b97a00}\n",
    "@media screen and (prefers-color-scheme:dark){"
    ":root{--ground:#14171c;--card:#1d2127;--text:#e8eaed;--soft:#aab1bc;"
    "--rule:#3c434d;--noise:#6d7683;--s1:#56b4e9;--s2:#e6a21a;--s3:#2bc79a;"
    "--s4:#e58fc4;--s5:#ff7043;--sc:#9aa3b0;--sr:#9aa3b0;--sp:#cfd4dc;"
    "--k0:#2872b3;--k1:#a9d0f0;--k2:#f2cf63;--k3:#d98a1f;--k4:#8b929d;"
    "--warn:#33290f;--warn-rule:#e6a21a}}\n",
    "*{box-sizing:border-box}"
    "body{margin:0 auto;max-width:1500px;padding:12px;background:var(--ground);"
    "color:var(--text);font:16px/1.5 system-ui,sans-serif}"
    "h1{font-size:1.7em;line-height:1.2;margin:.3em 0}"
    "h2{font-size:1.35em;margin:1.6em 0 .2em;padding-top:.5em;"
    "border-top:2px solid var(--rule);overflow-wrap:anywhere}"
    "h3{font-size:1.1em;margin:1.3em 0 .3em;overflow-wrap:anywhere}"
    "h4{font-size:1em;margin:0;overflow-wrap:anywhere}"
    "p,ul,dl{margin:.4em 0;max-width:75em}li{margin:.25em 0}"
    "ul{padding-left:1.2em}p,li,dd{overflow-wrap:anywhere}\n",
    ".banner{background:var(--warn);border-left:5px solid var(--warn-rule);"
    "padding:.5em .8em;margin:.8em 0}"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.1em 1em}"
    "dt{color:var(--soft)}dd{margin:0}"
    ".charts{display:grid;gap:14px;margin:.8em 0;"
    "grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr))}"
    "figure{margin:0;padding:10px;background:var(--card);border-radius:6px;"
    "display:flex;flex-direction:column}"
    "figure p{margin:.2em 0 .5em;font-size:.9em}"
    ".tall{grid-row:span 2}"
    "figure svg{width:100%;height:auto;display:block}\n",
    ".key{display:flex;flex-wrap:wrap;gap:.2em 1.2em;padding:0;"
    "list-style:none}.key svg,th svg{width:16px;height:16px;"
    "vertical-align:-3px;margin-right:5px}"
    ".wide{overflow-x:auto;margin:.3em 0 .8em}"
    "table{border-collapse:collapse;font-size:.85em;"
    "font-variant-numeric:tabular-nums}"
    "th,td{padding:.25em .6em;text-align:right;white-space:nowrap;"
    "border-bottom:1px solid var(--rule)}"
    "thead th{color:var(--soft);font-weight:600;white-space:normal;"
    "vertical-align:bottom}"
    "th:first-child{text-align:left;position:sticky;left:0;"
    "background:var(--ground)}"
    "td.failed{text-align:left;white-space:normal}.dim{color:var(--soft)}\n",
    "svg text{font:13px system-ui,sans-serif;fill:var(--text)}"
    "svg .tick,svg .unit{fill:var(--soft)}"
    "svg .tick{font-size:12px}svg .unit{font-size:12.5px}"
    "svg .heading{font-weight:600}"
    "svg .inside{font-size:11.5px;fill:#14171c}svg .first{fill:#fff}"
    ".grid{stroke:var(--rule);stroke-width:.7}.axis{stroke:var(--soft)}"
    ".leader{stroke:var(--rule)}"
    ".noise{fill:var(--noise);opacity:.28}"
    ".line{fill:none;stroke-width:2;stroke-linejoin:round}"
    ".dashed{stroke-dasharray:5 4}.band{opacity:.13;stroke:none}"
    ".mark{stroke:var(--card);stroke-width:1}"
    ".whisker{stroke-width:1.8}"
    ".segment{stroke:var(--card);stroke-width:1}\n",
    ".s1{fill:var(--s1);stroke:var(--s1)}.s2{fill:var(--s2);stroke:var(--s2)}"
    ".s3{fill:var(--s3);stroke:var(--s3)}.s4{fill:var(--s4);stroke:var(--s4)}"
    ".s5{fill:var(--s5);stroke:var(--s5)}.sc{fill:var(--sc);stroke:var(--sc)}"
    ".sr{fill:var(--sr);stroke:var(--sr)}.sp{fill:var(--sp);stroke:var(--sp)}"
    "polyline.line{fill:none}.mark.hollow,.bar.hollow{fill:var(--card);"
    "stroke-width:2}"
    ".k0{fill:var(--k0)}.k1{fill:var(--k1)}.k2{fill:var(--k2)}"
    ".k3{fill:var(--k3)}.k4{fill:var(--k4)}\n",
    ".s1.hollow{stroke:var(--s1)}.s2.hollow{stroke:var(--s2)}"
    ".s3.hollow{stroke:var(--s3)}.s4.hollow{stroke:var(--s4)}"
    ".s5.hollow{stroke:var(--s5)}.sc.hollow{stroke:var(--sc)}"
    ".sr.hollow{stroke:var(--sr)}.sp.hollow{stroke:var(--sp)}\n",
    "@page{margin:12mm}"
    "@media print{body{padding:0;font-size:10pt;max-width:none}"
    "*{-webkit-print-color-adjust:exact;print-color-adjust:exact}"
    ".charts{grid-template-columns:1fr 1fr}"
    "figure,tr,li{break-inside:avoid}h2,h3,h4{break-after:avoid}"
    ".wide{overflow:visible}table{font-size:6.8pt}"
    "th,td{padding:.15em .3em;white-space:normal}}\n"};

void html_write_style(struct out *out)
{
    for (size_t i = 0; i < sizeof style / sizeof style[0]; i++)
        out_printf(out, "%s", style[i]);
}
