package capture

import (
	"crypto/sha256"
	"encoding/base64"
	"sync"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/foreign"
	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/narrate"
)

// faultStyle is the one thing that the page loads, and it has it inside: its policy names it by hash.
const faultStyle = `:root{color-scheme:light dark}
body{font:16px/1.6 system-ui,sans-serif;max-width:44em;margin:2.5em auto;padding:0 1.2em;overflow-wrap:anywhere}
h1{font-size:1.5em;line-height:1.3;margin:.2em 0 1em}
h1::first-letter{text-transform:uppercase}
.from{margin:0;color:GrayText}
.way{display:flex;align-items:center;gap:.6em;margin:1.5em 0}
.way span{border:1px solid GrayText;border-radius:.3em;padding:.3em .8em;text-align:center}
.way i{flex:1;border-top:2px solid;text-align:center;font-style:normal;line-height:0}
.way i.bad{border-top:2px dashed #c33;color:#c33}
.way i b{background:Canvas;padding:0 .4em}
dt{font-weight:600;margin-top:1em}
dd{margin:0}
code{font-size:.9em}
.end{margin-top:2em;border-top:1px solid GrayText;padding-top:1em;color:GrayText}`

// faultPolicy lets the page have its style, and nothing else.
var faultPolicy = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(faultStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
})

const (
	faultDocument markup = `<!doctype html>
<html lang="{{Lang}}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{HostBefore}}{{Cause}}</title>
<style>` + faultStyle + `</style>
<main>
<p class="from">{{From}}</p>
<h1>{{Cause}}</h1>
<p class="way"><span>{{Client}}</span>{{FirstWay}}<span>{{Proxy}}</span>{{SecondWay}}<span>{{Server}}{{HostBelow}}</span></p>
<dl>
<dt>{{WhoLabel}}<dd>{{Who}}
{{Advice}}{{Detail}}</dl>
<p class="end">{{End}}</p>
</main>
</html>
`
	faultWay    markup = `<i></i>`
	faultNoWay  markup = `<i class="bad"><b>×</b></i>`
	faultAdvice markup = `<dt>{{Label}}<dd>{{Text}}
`
	faultDetail markup = `<dt>{{Label}}<dd><code>{{Text}}</code>
`
)

// faultPage is the same as faultText, as a page.
func faultPage(lang narrate.Lang, host string, f *proxy.Fault, rootNamed bool) proxy.Document {
	w := wordsOf(lang, f, rootNamed)
	party := func(side string) string { return narrate.Must(lang, narrate.Party, side).Title }
	end, _ := cli.SayBoth(lang, "proxy_fault_end")
	way := func(open bool) markup {
		if open {
			return faultWay
		}
		return faultNoWay
	}
	host = foreign.Line(host)
	page := faultDocument.filled(map[string]any{
		"Lang": string(lang), "From": cli.Say(lang, "proxy_fault_from"), "Cause": w.cause,
		"HostBefore": markup("{{Host}}: ").filled(map[string]any{"Host": host}).where(host != ""),
		"HostBelow":  markup("<br><b>{{Host}}</b>").filled(map[string]any{"Host": host}).where(host != ""),
		"Client":     party("client"), "Proxy": "tlslab proxy", "Server": party("server"),
		"FirstWay": way(f.Side != proxy.SideClient), "SecondWay": way(f.Side != proxy.SideServer),
		"WhoLabel": cli.Say(lang, "proxy_fault_who"), "Who": w.who,
		"Advice": faultAdvice.filled(map[string]any{"Label": cli.Say(lang, "proxy_fault_why"), "Text": w.advice}).where(w.advice != ""),
		"Detail": faultDetail.filled(map[string]any{"Label": cli.Say(lang, "proxy_fault_detail"), "Text": w.detail}).where(w.detail != ""),
		"End":    end,
	})
	return proxy.Document{HTML: string(page), Policy: faultPolicy()}
}
