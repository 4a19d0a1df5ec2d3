package page_test

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"tlslab/handshake/event"
	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// messages of TLS 1.3, with a field of each: what is clicked on.
var parts = []struct{ row, field string }{
	{"c1.client_hello", "server_name.host_name"},
	{"c1.client_hello", "key_share.entry.key_exchange~2"},
	{"c1.server_hello", "key_share.group"},
	{"c1.encrypted_extensions", "length"},
	{"c1.certificate", "cert.tbs_certificate.validity.not_before"},
	{"c1.certificate_verify", "algorithm"},
	{"c1.finished", "verify_data"},
	{"c1.server_hello", "record.version"},
}

// A click on a byte selects the field that it belongs to, and a click on a field its bytes: both
// are marked and in sight, the address says which, and a screen reader is told its name, and
// none of its bytes.
func TestByteAndField(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "")
	for _, p := range parts {
		address := p.row + "." + p.field
		byt := byID(p.row) + " .hex [data-f=" + strconv.Quote(p.field) + "]"
		open := fmt.Sprintf(`(() => { const d = document.querySelector(%q); for (let e = document.getElementById(%q); e; e = e.parentElement) if (e.matches("details")) e.open = true; return !!d; })()`, byt, address)
		if !browsertest.Eval[bool](tab, open) {
			t.Errorf("no bytes at %s", address)
			continue
		}
		for _, what := range []string{byt, byID(address) + " > :first-child"} {
			tab.Press(browsertest.Escape)
			browsertest.Eval[bool](tab, `(history.replaceState(null, "", location.pathname), true)`)
			if strings.HasSuffix(what, ":first-child") && browsertest.Eval[string](tab, `document.querySelector(`+strconv.Quote(what)+`).tagName`) == "A" {
				what = byID(address) // the name is a link to its meaning
			}
			tab.Click(what)
			is(t, tab, "location.hash", "#"+address)
			is(t, tab, selected, p.field+" "+address)
			is(t, tab, `[...document.querySelectorAll(".selected")].every(e => { const r = e.getClientRects()[0]; return r.top >= 0 && r.top < innerHeight && getComputedStyle(e.querySelector(":scope > .name") || e).backgroundColor != "rgba(0, 0, 0, 0)"; })`, "true")
			octets := browsertest.Eval[string](tab, `document.querySelector(`+strconv.Quote(byt)+`).textContent`)
			if s := browsertest.Eval[string](tab, said); s == "" || len(octets) > 8 && strings.Contains(s, octets) {
				t.Errorf("%s: said aloud: %q", address, s)
			}
		}
	}
}

// Every byte on the page belongs to exactly one field, and every field with bytes of its own
// has them on the page.
func TestEveryByteHasAField(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "")
	if odd := browsertest.Eval[[]string](tab, `[...document.querySelectorAll(".bytes")].flatMap(b => {
		const fields = [...b.querySelectorAll(".fields li")].map(f => f.dataset.f);
		const odd = [...b.querySelectorAll(".hex [data-f]")].map(s => s.dataset.f).filter(f => fields.filter(g => f === g).length != 1);
		for (const n of b.querySelector(".hex").childNodes) if (n.nodeType == 3 && n.data.trim()) odd.push("bare: " + n.data);
		return odd;
	})`); len(odd) > 0 {
		t.Errorf("bytes without a field, or with several: %q", odd)
	}
	if n := browsertest.Eval[int](tab, `document.querySelectorAll(".hex [data-f]").length`); n < 150 {
		t.Errorf("%d fields have bytes: nothing was tested", n)
	}
}

// An address opens what it names, after a reload too, and the button that leads back leads back.
func TestAddress(t *testing.T) {
	const here, there = "c1.server_hello.key_share.group", "c1.certificate_verify.algorithm"
	tab := open(t, "tls13", narrate.Zh, "#"+here)
	look := func(address string) {
		t.Helper()
		is(t, tab, `document.querySelector(".selected").closest("details.row").open`, "true")
		is(t, tab, `document.querySelector(".fields li.selected").id`, address)
		is(t, tab, `(r => r.top >= 0 && r.bottom <= innerHeight)(document.querySelector(".fields li.selected").getBoundingClientRect())`, "true")
	}
	look(here)
	tab.Reload()
	look(here)
	browsertest.Eval[bool](tab, `(document.getElementById("c1.certificate_verify").open = true)`)
	tab.Click(byID(there))
	look(there)
	tab.Back(`document.querySelector(".fields li.selected").id == ` + strconv.Quote(here))
	look(here)
	tab.Go("#c1.client.early_secret") // work: its heading has its value behind it
	is(t, tab, `document.querySelector(".selected code, .selected .value").textContent.length > 30`, "true")
	is(t, tab, said, "早期秘密")
	is(t, tab, `document.querySelector(".selected").closest("details.row").open`, "true")
	for _, nothing := range []string{"#c9.nothing", "#%", "#%00", "#", "#said"} {
		tab.Go(nothing)
		is(t, tab, `document.querySelectorAll(".fields li.selected").length`, "0")
	}
}

// coffee is a scene of a kind that the page has never heard of, as a student may play one.
type coffee struct{ event.Meta }

func (*coffee) Key() event.SceneKey   { return "coffee" }
func (*coffee) Values() []event.Value { return nil }

// An address means the same whatever number an event has, and whatever else is told between.
func TestAddressesOutliveNumbers(t *testing.T) {
	events := play(t, "tls13")
	tab := browsertest.Blank(t)
	meanings := func(events []event.Event, meaning string) map[string]string {
		tab.Turn(laidOut(t, events, page.Options{}), "")
		return browsertest.Eval[map[string]string](tab, `Object.fromEntries([...document.querySelectorAll("[id]")].map(e => [e.id, `+meaning+`]))`)
	}
	const text = "e.textContent"
	want := meanings(events, text)
	if len(want) < 300 {
		t.Errorf("%d addresses: nothing was tested", len(want))
	}

	numbers := make([]uint64, len(events))
	for i, e := range events {
		numbers[i] = e.Head().Seq
		e.Head().Seq = 1000 + 7*numbers[i]
	}
	shifted := meanings(events, text)
	for i, e := range events {
		e.Head().Seq = numbers[i]
	}
	for address, text := range want {
		if shifted[address] != text {
			t.Errorf("#%s was %.60q, and is %.60q", address, text, shifted[address])
		}
	}

	var between []event.Event
	for i, e := range events {
		if between = append(between, e); i%10 == 0 {
			between = append(between, &coffee{event.Meta{Seq: e.Head().Seq, Party: "client", Conn: e.Head().Conn}})
		}
	}
	const is = `[e.tagName, e.dataset.f, e.dataset.from, e.dataset.kind].join(" ")`
	want = meanings(events, is)
	with := meanings(between, is)
	for address, what := range want {
		if with[address] != what {
			t.Errorf("#%s was %q, and is %q when more is told", address, what, with[address])
		}
	}
	if len(with) <= len(want) {
		t.Errorf("the scenes are not on the page: nothing was tested")
	}
}

// Whatever an address names is seen to be what it names.
func TestAddressIsMarked(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "")
	for _, kind := range []string{".fields li", ".item[id]", ".secret", "#glossary dt"} {
		const looks = `(e => [e, ...e.querySelectorAll(":scope > .name, :scope > h3")].map(e => { const s = getComputedStyle(e); return s.backgroundColor + s.outlineStyle + s.outlineColor; }).join())`
		got := browsertest.Eval[bool](tab, fmt.Sprintf(`new Promise(done => {
			const e = document.querySelectorAll(%q)[1], before = %s(e);
			addEventListener("hashchange", () => requestAnimationFrame(() => done(%s(e) != before)), {once: true});
			location.hash = e.id;
		})`, kind, looks, looks))
		if !got {
			t.Errorf("%s looks the same when an address names it", kind)
		}
	}
}
