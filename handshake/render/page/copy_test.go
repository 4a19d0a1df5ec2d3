package page_test

import (
	"strings"
	"testing"

	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
)

// A button copies its row as text, and another the command beside it: to the clipboard where the
// page may write there, else as a person would, by selecting and copying.
func TestCopy(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "#c1.server_hello.key_share.group")
	for _, way := range []string{
		`Object.defineProperty(navigator, "clipboard", {configurable: true, value: {writeText: s => { copied = s; return Promise.resolve(); }}})`,
		`Object.defineProperty(navigator, "clipboard", {configurable: true, value: {writeText: () => Promise.reject(new Error("not here"))}})`,
		`Object.defineProperty(navigator, "clipboard", {configurable: true, value: undefined})`,
	} {
		browsertest.Eval[bool](tab, `(window.copied = "", document.oncopy = e => { copied = e.target.value; }, document.getElementById("said").textContent = "", `+way+`, true)`)
		tab.Click(byID("c1.server_hello") + " > [data-copy]")
		tab.Wait(said + ` == "copied"`)
		got := browsertest.Eval[string](tab, "copied")
		for _, want := range []string{"2  ServerHello", "listener:", "\nThe version, in supported_versions", "\ngroup 11 ec X25519MLKEM768\n", "\nselected_version 03 04 TLS 1.3"} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: the copy lacks %q:\n%s", way, want, got)
			}
		}
		for _, not := range []string{"…", "all 1120 bytes"} { // a value stands whole, and what a screen reader says of it is not there
			if strings.Contains(got, not) {
				t.Errorf("%s: in the copy stands %q:\n%s", way, not, got)
			}
		}
		if share := browsertest.Eval[string](tab, `[...document.querySelectorAll("`+`[id='c1.server_hello'] .hex [data-f='key_share.key_exchange']")].map(b => b.textContent.replace(/\s/g, "")).join("")`); len(share) < 2000 || strings.Count(got, share) != 2 {
			t.Errorf("%s: the key share of %d digits is %d times in the copy, want it told and as a field", way, len(share), strings.Count(got, share))
		}
		is(t, tab, `document.querySelectorAll("textarea, body > details").length`, "0")
		is(t, tab, `document.activeElement.dataset.copy`, "row")
	}
	browsertest.Eval[bool](tab, `(window.command = document.querySelector("[data-copy=command]"), location.hash = command.closest("[id]").id, true)`)
	tab.Wait(`command.checkVisibility()`)
	browsertest.Eval[bool](tab, `(command.setAttribute("id", "command"), true)`)
	tab.Click("#command")
	tab.Wait(`copied == command.parentElement.querySelector("code").textContent`)
	if got := browsertest.Eval[string](tab, "copied"); !strings.Contains(got, "openssl") {
		t.Errorf("the command is %q", got)
	}
}

// In the grid of secrets the pointer marks what a secret is made from and what it is used in.
func TestSecretsMarked(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "#s.c1.server.handshake_secret")
	tab.Hover(byID("s.c1.server.handshake_secret"))
	names := func(class string) string {
		return browsertest.Eval[string](tab, `[...document.querySelectorAll("#secrets .`+class+`")].filter(e => e.id).map(e => e.querySelector(".name").textContent).join(" ")`)
	}
	if got := names("on.from"); got != "shared_secret early_derived" {
		t.Errorf("made from %q", got)
	}
	if got := names("on.into"); got != "handshake_derived client_handshake_traffic_secret server_handshake_traffic_secret" && got != "client_handshake_traffic_secret server_handshake_traffic_secret handshake_derived" {
		t.Errorf("used in %q", got)
	}
	is(t, tab, `document.querySelector(".on:not(.from, .into)").id`, "s.c1.server.handshake_secret")
	tab.Hover("h1")
	is(t, tab, `document.querySelectorAll(".on").length`, "0")
}
