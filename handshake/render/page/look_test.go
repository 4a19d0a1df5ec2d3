package page_test

import (
	"bytes"
	"fmt"
	"image/png"
	"slices"
	"testing"

	"tlslab/handshake/internal/browsertest"
	"tlslab/handshake/narrate"
	"tlslab/handshake/render/page"
)

// Each lesson's page, in each language. All that is only looked at is asked in one visit: for a
// browser to load a page costs more than what is asked of it.
func TestLooks(t *testing.T) {
	tab := browsertest.Blank(t)
	for lesson := range lessons {
		for _, lang := range narrate.Langs() {
			t.Run(lesson+"/"+string(lang), func(t *testing.T) {
				turn(t, tab, lesson, lang)
				tab.Viewport(1400, 900)
				in := func(names ...string) bool { return slices.Contains(names, lesson) }
				if in("tls13") {
					firstWindow(t, tab)
				}
				if in("refused", "mitm") && lang == narrate.En { // and TLS 1.3, below, with all open
					readable(t, tab)
				}
				browsertest.Eval[bool](tab, `(document.querySelectorAll("details.act").forEach(a => a.open = true), true)`)
				if lang == narrate.Zh {
					nothingEmptyOrCovered(t, tab)
				}
				onPhone(t, tab)
				if in("mlkem", "mitm") && lang == narrate.En {
					openedWide(t, tab)
				}
				if in("tls13", "refused", "rsa") && lang == narrate.En {
					openedOnPhone(t, tab)
				}
				if in("tls13") && lang == narrate.Zh || in("mitm", "0rtt") && lang == narrate.En {
					namesAreOne(t, tab)
				}
			})
		}
	}
}

// firstWindow: in a window of 1,400 × 900 a learner sees all arrows of TLS 1.3 at once.
func firstWindow(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	if n := browsertest.Eval[int](tab, `document.querySelectorAll("details.arrow").length`); n < 12 {
		t.Errorf("%d arrows", n)
	}
	if below := browsertest.Eval[[]string](tab, `[...document.querySelectorAll("details.arrow > summary")].filter(s => { const r = s.getBoundingClientRect(); return !(r.height > 0 && r.top >= 0 && r.bottom <= innerHeight); }).map(s => s.parentElement.id)`); len(below) > 0 {
		t.Errorf("not in the first window: %q", below)
	}
}

// inked are the rectangles in which an element's text is seen: not what is for a screen reader
// alone, nor what is cut off.
const inked = `const inked = e => {
	const rects = [];
	const texts = document.createTreeWalker(e, NodeFilter.SHOW_TEXT);
	while (texts.nextNode()) {
		if (!texts.currentNode.data.trim()) continue;
		const range = document.createRange();
		range.selectNodeContents(texts.currentNode);
		let boxes = [...range.getClientRects()].map(r => [r.left, r.top, r.right, r.bottom]);
		for (let a = texts.currentNode.parentElement; a; a = a.parentElement) {
			const style = getComputedStyle(a);
			if (style.clipPath != "none") boxes = [];
			if (style.overflow != "visible") {
				const c = a.getBoundingClientRect();
				boxes = boxes.map(([l, t, r, b]) => [Math.max(l, c.left), Math.max(t, c.top), Math.min(r, c.right), Math.min(b, c.bottom)]);
			}
			if (a === e) break;
		}
		rects.push(...boxes.filter(([l, t, r, b]) => r - l > 1 && b - t > 1));
	}
	return rects;
};`

// nothingEmptyOrCovered: each row says something, and no label lies on another: on a screen and on a
// phone.
func nothingEmptyOrCovered(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	for _, width := range []int64{1400, 800, 360} {
		tab.Viewport(width, 900)
		if empty := browsertest.Eval[[]string](tab, `(() => { `+inked+` return [...document.querySelectorAll("details.row > summary .lane")].filter(l => l.checkVisibility() && !inked(l).length).map(l => l.closest("details").id); })()`); len(empty) > 0 {
			t.Errorf("%d wide: these rows say nothing: %q", width, empty)
		}
		if covered := browsertest.Eval[[]string](tab, `(() => {
				`+inked+`
				const labels = [...document.querySelectorAll(".flight > .ways, details.row > summary > .n, .arrow .name, .arrow .caption, .work .kind, .cell, .head .lane > *, .head .onlooker")].filter(e => e.checkVisibility()).map(e => [e, inked(e)]).filter(([, boxes]) => boxes.length);
				const across = (p, q) => Math.min(p[2], q[2]) - Math.max(p[0], q[0]) > 1 && Math.min(p[3], q[3]) - Math.max(p[1], q[1]) > 5;
				const covered = [];
				for (let i = 0; i < labels.length; i++) for (let j = i + 1; j < Math.min(labels.length, i + 40); j++) {
					if (labels[i][1].some(p => labels[j][1].some(q => across(p, q)))) covered.push(labels[i][0].innerText + " | " + labels[j][0].innerText);
				}
				return covered;
			})()`); len(covered) > 0 {
			t.Errorf("%d wide: these lie on each other: %q", width, covered)
		}
	}
}

// onPhone: on a phone, and on a page enlarged to twice its size, each message's name lies whole in its
// lane, nothing lies on it, and the page scrolls in one direction only.
func onPhone(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	for _, width := range []int64{360, 320, 610, 640, 800} {
		tab.Viewport(width, 720)
		hidden := browsertest.Eval[[]string](tab, `(() => {
			document.querySelectorAll("details.act").forEach(a => a.open = true);
			return [...document.querySelectorAll("details.arrow > summary .name")].filter(n => {
				n.scrollIntoView({block: "center"});
				const r = n.getBoundingClientRect(), lane = n.closest(".lane").getBoundingClientRect();
				const top = document.elementFromPoint(r.left + r.width / 2, r.top + r.height / 2);
				return !(r.width > 0 && n.scrollWidth <= n.clientWidth + 1 && r.left >= lane.left - 1 && r.right <= lane.right + 1 && r.top >= 0 && r.bottom <= innerHeight && n.contains(top));
			}).map(n => n.closest("details.row").id + " " + n.textContent);
		})()`)
		if len(hidden) > 0 {
			t.Errorf("%d wide: hidden: %q", width, hidden)
		}
		if wide := browsertest.Eval[int64](tab, "document.documentElement.scrollWidth"); wide > width {
			t.Errorf("%d wide, in a window of %d", wide, width)
		}
	}
}

// openedOnPhone: nothing that opens makes the page wider than a phone.
func openedOnPhone(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	tab.Viewport(360, 720)
	browsertest.Eval[bool](tab, "("+openAll+", true)")
	if wide := browsertest.Eval[[]string](tab, `[...document.querySelectorAll("main *")].filter(e => {
		const style = getComputedStyle(e);
		return e.checkVisibility() && e.getClientRects().length && e.getBoundingClientRect().right > 361 && style.clipPath == "none" && !e.closest(".scroll, .hex, .fields, .myths .sum, code");
	}).map(e => e.tagName + "." + e.className + " in " + e.closest("[id]").id)`); len(wide) > 0 {
		t.Errorf("wider than a phone: %q", wide[:min(20, len(wide))])
	}
	if wide := browsertest.Eval[int](tab, "document.documentElement.scrollWidth"); wide > 360 {
		t.Errorf("with all open %d wide", wide)
	}
}

// openedWide: nor does anything make it wider than a window of any other size.
func openedWide(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	browsertest.Eval[bool](tab, "("+openAll+", true)")
	for _, width := range []int64{640, 1000, 1280, 1400} {
		tab.Viewport(width, 900)
		if wide := browsertest.Eval[int64](tab, "document.documentElement.scrollWidth"); wide > width {
			t.Errorf("with all open %d wide, in a window of %d", wide, width)
		}
	}
}

// namesAreOne: nothing that can be worked is called what something else is called, and all of it is
// called something: with everything open. Links to one place, such as a section of an RFC, are one
// thing.
func namesAreOne(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	tab.Viewport(1400, 900)
	browsertest.Eval[bool](tab, "("+openAll+", true)")
	tab.Wait(`[...document.querySelectorAll("details.row .fields")].every(f => f.getAttribute("role") == "tree")`)
	wrong, controls := tab.Names()
	for _, w := range wrong {
		t.Error(w)
	}
	if controls < 100 {
		t.Errorf("%d controls: nothing was tested", controls)
	}
}

// contrast lists texts that are hard to read: less than 4.5 to 1 (WCAG 2.2, 1.4.3), large ones 3.
const contrast = `(() => {
	const context = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
	const drawn = new Map(), ground = new Map(); // thousands of texts have a few colours, and stand in the same elements
	const kept = (map, key, make) => { if (!map.has(key)) map.set(key, make()); return map.get(key); };
	const rgba = c => kept(drawn, c, () => { context.clearRect(0, 0, 1, 1); context.fillStyle = c; context.fillRect(0, 0, 1, 1); return [...context.getImageData(0, 0, 1, 1).data]; });
	const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] / 255 + under[i] * (1 - top[3] / 255)).concat(255);
	const behind = e => e ? kept(ground, e, () => over(rgba(getComputedStyle(e).backgroundColor), behind(e.parentElement))) : rgba("Canvas");
	const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
	const hard = new Set();
	const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let n = 0; texts.nextNode() && n < 20000; n++) {
		const e = texts.currentNode.parentElement;
		if (!texts.currentNode.data.trim() || !e.getClientRects().length || e.closest("script, style, .hex")) continue;
		const style = getComputedStyle(e);
		if (style.clipPath != "none") continue; // for a screen reader alone
		const b = behind(e), f = over(rgba(style.color), b), [x, y] = [light(f), light(b)].sort((p, q) => q - p);
		const size = parseFloat(style.fontSize), enough = size >= 24 || size >= 18.66 && style.fontWeight >= 700 ? 3 : 4.5;
		if ((x + 0.05) / (y + 0.05) < enough) hard.add(e.tagName + "." + e.className + " " + ((x + 0.05) / (y + 0.05)).toFixed(1) + " " + style.color);
	}
	return [...hard];
})()`

// What is written can be read with all open, and marked.
func TestContrast(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "#c1.client_hello.random")
	browsertest.Eval[bool](tab, "("+openAll+", true)")
	readable(t, tab)
}

// readable: what is written can be read, on a light page and on a dark one.
func readable(t *testing.T, tab *browsertest.Tab) {
	t.Helper()
	grounds := map[string]browsertest.Colours{}
	for _, c := range []browsertest.Colours{browsertest.Dark, browsertest.Light} {
		tab.Colours(c)
		if hard := browsertest.Eval[[]string](tab, contrast); len(hard) > 0 {
			t.Errorf("%s: hard to read: %q", c, hard)
		}
		grounds[browsertest.Eval[string](tab, `getComputedStyle(document.documentElement).backgroundColor + getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color`)] = c
	}
	if len(grounds) != 2 {
		t.Errorf("dark and light are one: %v", grounds)
	}
}

// Where the system chooses the colours, what tells by its shape or its ground still does: an arrow has a
// point, a lock a body, who reads and who does not have marks of their own, and what is marked is.
func TestForcedColours(t *testing.T) {
	tab := open(t, "0rtt", narrate.En, "#c1.client_hello.random")
	tab.ForcedColours()
	tab.Viewport(360, 700) // where a mark stands alone in the middle of its cell
	is(t, tab, `[...document.querySelectorAll(".arrow .line")].filter(l => getComputedStyle(l, "::before").borderTopColor != "rgba(0, 0, 0, 0)").length`, "0")
	for _, mark := range []struct {
		what         string
		above, below bool // whether it is dark right above its middle, and left below
	}{
		{".ladder .cell[data-access=reads]", true, true},
		{".ladder .cell[data-access=reads_later]", false, true},
		{".ladder .cell[data-access=sealed]", false, false},
		{".arrow.sealed .mark", true, true},
	} {
		got := dark(t, tab, "#a3 "+mark.what, `[x + 2, y - 2], [x - 2, y + 2]`)
		if want := []bool{mark.above, mark.below}; !slices.Equal(got, want) {
			t.Errorf("%s is dark: %v, want %v", mark.what, got, want)
		}
	}
	// Over its first letter, which is a small one.
	if !dark(t, tab, ".fields .selected > .name", `[r.left + 3, r.top + 4]`)[0] {
		t.Error("the field that is selected is not marked")
	}
	turn(t, tab, "mitm", narrate.En)
	is(t, tab, `getComputedStyle(document.querySelector(".row .lane")).backgroundImage == "none"`, "false") // the line of the one between
	is(t, tab, contrast+`.join()`, "")
}

// dark looks at points of what is drawn of an element, such as "[x, y], [r.left, y]": r is its
// rectangle, x and y are the middle of that.
func dark(t *testing.T, tab *browsertest.Tab, selector, points string) (is []bool) {
	t.Helper()
	at := browsertest.Eval[[][]float64](tab, fmt.Sprintf(`(() => {
		const e = document.querySelector(%q);
		e.scrollIntoView({block: "center"});
		const r = e.getBoundingClientRect(), x = r.left + r.width / 2, y = r.top + r.height / 2;
		return [%s];
	})()`, selector, points))
	picture, err := png.Decode(bytes.NewReader(tab.PNG()))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range at {
		r, g, b, _ := picture.At(int(p[0]), int(p[1])).RGBA()
		is = append(is, r+g+b < 3*0x8000)
	}
	return is
}

// On paper stands what is open, and nothing of what is closed or what only a screen can do.
func TestPrint(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "#c1.server_hello")
	tab.OnPaper()
	const seen = `(s => { const e = document.querySelector(s); return !!e && e.checkVisibility() && e.getClientRects().length > 0 && e.getBoundingClientRect().height > 0; })`
	for selector, want := range map[string]string{
		byID("c1.server_hello") + " .telling": "true", byID("c1.server_hello") + " .hex": "true",
		byID("c1.certificate") + " .telling": "false", byID("c1.certificate") + " > summary .name": "true",
		"nav.views": "false", "h1": "true",
	} {
		is(t, tab, fmt.Sprintf("%s(%q)", seen, selector), want)
	}
	few := len(tab.PDF())
	browsertest.Eval[bool](tab, `(document.querySelector("details.arrow > summary").focus(), true)`)
	tab.Press("o")
	if all := len(tab.PDF()); all < 2*few {
		t.Errorf("with all open %d bytes are printed, with one message %d", all, few)
	}
}

// The lecture view can be read from the back row: arrows alone, and large.
func TestLecture(t *testing.T) {
	tab := open(t, "tls13", narrate.En, "")
	browsertest.Eval[bool](tab, `(document.querySelector("details.arrow > summary").focus(), true)`)
	tab.Press("l")
	if size := browsertest.Eval[float64](tab, `Math.min(...[...document.querySelectorAll("details.arrow > summary .name")].map(n => parseFloat(getComputedStyle(n).fontSize)))`); size < 28 {
		t.Errorf("a message's name has %v pixels", size)
	}
	is(t, tab, `[...document.querySelectorAll("details.work")].some(w => w.checkVisibility())`, "false")
	is(t, tab, `[...document.querySelectorAll("details.arrow > summary")].filter(s => { const r = s.getBoundingClientRect(); return !(r.height > 0 && r.bottom <= innerHeight); }).map(s => s.parentElement.id).join()`, "")
	is(t, tab, `document.documentElement.scrollWidth <= innerWidth`, "true")

	turn(t, tab, "mitm", narrate.En) // the arrows are half as long
	browsertest.Eval[bool](tab, `(document.querySelector("details.arrow > summary").focus(), true)`)
	tab.Press("l")
	is(t, tab, `[...document.querySelectorAll("details.arrow > summary .name")].filter(n => { const r = n.getBoundingClientRect(), l = n.closest(".lane").getBoundingClientRect(); return parseFloat(getComputedStyle(n).fontSize) < 24 || r.left < l.left || r.right > l.right; }).map(n => n.textContent).join()`, "")
}

// Without scripts the page is all there: rows open, links lead to what they name.
func TestWithoutScripts(t *testing.T) {
	tab := browsertest.Blank(t)
	tab.WithoutScripts()
	tab.Turn(laidOut(t, play(t, "tls13"), page.Options{Lang: narrate.En}), "#c1.server_hello.key_share.group")
	is(t, tab, `document.documentElement.classList.contains("js")`, "false")
	is(t, tab, `document.getElementById("c1.server_hello").open`, "true")
	tab.Click(byID("c1.finished") + " > summary")
	is(t, tab, `document.getElementById("c1.finished").open`, "true")
	is(t, tab, `document.querySelector("nav.views button")?.checkVisibility() ?? false`, "false") // what would do nothing is not there
}
