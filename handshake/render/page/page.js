// What a page does beyond HTML. Everything is on the page without this script, rows open and
// links lead where they lead: it marks which byte is which field, opens what an address names,
// and lets a keyboard walk through time. It adds no words of its own: what it says aloud, or
// copies, it reads off the page. What a peer wrote is only ever moved as text.
"use strict";
(() => {
	const root = document.documentElement;
	const said = document.getElementById("said");
	root.classList.add("js");

	// ---- What is where.

	// A row is what opens in place: of the ladder, or a certificate of a report. A record is part of its row.
	const aRow = "details.row, :not(details.row) > details.record";
	const aField = ".fields li";
	const rowOf = e => e.closest(aRow);
	const summaryOf = d => d.querySelector(":scope > summary");

	// shown: whether e can be seen, or stands in something that is closed.
	function shown(e) {
		for (let d = e.closest("details"); d; d = d.parentElement.closest("details")) {
			if (!d.open && !(summaryOf(d) || d).contains(e)) return false;
		}
		return true;
	}

	// reveal opens whatever e stands in.
	function reveal(e) {
		for (let d = e.closest("details"); d; d = d.parentElement.closest("details")) {
			if (!(summaryOf(d) || d).contains(e)) d.open = true;
		}
	}

	// bytesOf: the bytes that stand for a field; for a group, those of all fields in it.
	// The tree tells which those are, and not the names: a name may be there twice.
	function bytesOf(field) {
		const names = new Set([field.dataset.f]);
		for (const inner of field.querySelectorAll("li")) names.add(inner.dataset.f);
		return [...field.closest(".bytes").querySelectorAll(".hex [data-f]")].filter(b => names.has(b.dataset.f));
	}

	const fieldOf = byte => [...byte.closest(".bytes").querySelectorAll(aField)].find(f => f.dataset.f === byte.dataset.f);

	// part finds what the pointer or the focus is on: a field, by its name or by a byte, or a
	// secret of the grid. Null if it is on neither.
	function part(target) {
		const e = target.closest(`.hex [data-f], ${aField}, #secrets [id]`);
		return e && e.closest(".hex") ? fieldOf(e) : e;
	}

	// ---- Marks. Bytes and field together; a secret with what it is made from and used in.

	const marked = {on: [], selected: []};

	function mark(name, e) {
		for (const m of marked[name]) m.classList.remove(name, "from", "into");
		marked[name] = [];
		const add = (m, ...more) => { m.classList.add(name, ...more); marked[name].push(m); };
		if (!e) return;
		add(e);
		if (e.matches(aField)) bytesOf(e).forEach(b => add(b));
		if (name === "on" && e.closest("#secrets")) {
			for (const a of e.querySelectorAll(".made a, .used a")) {
				const other = at(a.hash);
				if (other && other.closest("#secrets")) add(other, a.closest(".made") ? "from" : "into");
			}
		}
	}

	document.addEventListener("mouseover", e => { const p = part(e.target); if (p !== marked.on[0]) mark("on", p); });
	document.addEventListener("focusin", e => {
		mark("on", part(e.target));
		if (e.target.matches(aField)) stopAt(e.target);
	});
	document.addEventListener("focusout", () => mark("on", null));

	// ---- What is said aloud: a name and the first sentence about it, never bytes.

	// own: what an element says itself, without the terminal's mark and the reference beside it.
	function own(e) {
		const copy = e.cloneNode(true);
		for (const beside of copy.querySelectorAll(".ref, .bullet")) beside.remove();
		return copy.textContent.trim();
	}

	const bytes = /[0-9a-f]{16}|(?:[0-9a-f]{2} ){4}/;
	function sentence(e) {
		const first = e ? own(e).match(/^.*?(?:[.!?](?=\s|$)|[。！？]|$)/s)[0] : "";
		return bytes.test(first) ? "" : first;
	}

	function say(e) {
		const name = e.querySelector(e.matches(aRow) ? ":scope > summary :is(.name, .sum)" : ".name, :scope > b, :scope > h3");
		let about = e.matches(aRow) ? [...e.querySelectorAll(".telling > .p")].find(own) : null;
		const word = e.querySelector("a[href^='#g.']");
		if (!about && word) {
			const dt = at(word.hash);
			about = dt && dt.nextElementSibling;
		}
		// A heading may have its value behind it.
		const called = name ? [...name.childNodes].filter(n => n.nodeType === 3 || !n.matches(".value, code")).map(n => n.textContent).join("").trim().replace(/[:：]$/, "") : "";
		said.textContent = [called, sentence(about)].filter(s => s).join(": ");
	}

	// ---- Addresses: #c1.server_hello.key_share is that field, whenever the page is opened.

	function at(hash) {
		try {
			return document.getElementById(decodeURIComponent(hash.slice(1)));
		} catch { // no address of ours has a % in it
			return null;
		}
	}

	// select shows what the address names, opened and marked. Who has followed a link goes on from
	// there: it gets the focus, which the browser alone would leave nowhere.
	function select(followed) {
		if (location.hash === "#all") all(true); // for who prints: an address as any other
		const e = location.hash.length > 1 ? at(location.hash) : null;
		mark("selected", e);
		if (!e) return;
		reveal(e);
		if (e.matches("details")) e.open = true;
		const to = e.matches("details") ? summaryOf(e) || e : e;
		if (e.matches(aField)) stopAt(e);
		show(to);
		say(e);
		if (!followed) return;
		if (to.tabIndex < 0) to.tabIndex = -1;
		to.focus({preventScroll: true});
	}

	// show brings e into sight. Bytes and fields each scroll in a box of their own, so that a
	// field and its bytes are in sight together.
	function show(e) {
		const boxes = e.closest(".bytes");
		if (!boxes) return e.scrollIntoView({block: e.offsetHeight > innerHeight / 2 ? "start" : "center"});
		boxes.scrollIntoView({block: "nearest"});
		for (const m of [e, marked.selected[1]]) {
			const box = m && m.closest(".hex, .fields");
			if (box) box.scrollTop += m.getClientRects()[0].top - box.getBoundingClientRect().top - box.clientHeight / 3;
		}
		const r = e.getClientRects()[0];
		if (r.top < 0 || r.bottom > innerHeight) e.scrollIntoView({block: "center"});
	}

	let led = ""; // where the link leads that was followed last
	addEventListener("hashchange", () => {
		select(led === location.hash);
		led = "";
	});
	addEventListener("load", () => select()); // where the browser has scrolled by itself once more

	// A page that the browser has kept is as it was left: its switches are what the address says.
	addEventListener("pageshow", e => { if (e.persisted) for (const f of document.forms) f.reset(); });

	// go makes e's address the page's. What is gone to can be come back from.
	function go(e) {
		if (location.hash !== "#" + e.id) history.pushState(null, "", "#" + e.id);
		select();
	}

	// A row that is opened or closed changes the address, and adds nothing to go back through.
	function toggled(row, opened) {
		if (opened) say(row);
		if (!opened && !(location.hash + ".").startsWith("#" + row.id + ".")) return;
		history.replaceState(null, "", opened ? "#" + row.id : location.pathname + location.search);
		mark("selected", opened ? row : null);
	}

	document.addEventListener("click", e => {
		const link = e.target.closest("a[href^='#']:not([data-view])");
		if (link && !(e.ctrlKey || e.metaKey || e.shiftKey)) {
			led = link.hash;
			if (led === location.hash) { // the address stays, and still who follows it goes there
				e.preventDefault();
				select(true);
			}
		}
		if (e.target.closest("a, button, input, label")) return;
		const summary = e.target.closest("summary");
		if (summary) {
			if (summary.parentElement.matches(aRow)) toggled(summary.parentElement, !summary.parentElement.open);
			return;
		}
		const p = part(e.target);
		if (p && getSelection().isCollapsed) go(p); // whoever has drawn over text wants the text
	});

	// ---- Keys. Tab stops at each row and, where it is open, at its links, its buttons and once in
	// each tree of fields; arrows go to all that is in it, field by field.

	const inside = `${aField}, summary, a[href], button, input, .item[id]`;
	const stops = row => [...row.querySelectorAll(inside)].filter(e => e !== summaryOf(row) && shown(e));

	// Once a row is open its lists of fields are trees (WAI-ARIA 1.2, tree): without a script, which
	// walks in them, they are lists. A field is called by its address, which no other has, and what
	// it means; its bytes go unsaid. What scrolls is no stop of Tab.
	function prepare(row) {
		for (const e of row.querySelectorAll(".item[id], .hex, .fields")) e.tabIndex = -1;
		for (const tree of row.querySelectorAll(".fields:not([role])")) {
			tree.setAttribute("role", "tree");
			for (const inner of tree.querySelectorAll("ul")) inner.setAttribute("role", "group");
			for (const f of tree.querySelectorAll("li")) {
				const value = f.querySelector(":scope > .value");
				f.setAttribute("role", "treeitem");
				f.setAttribute("aria-label", f.id + (value ? ": " + value.textContent : ""));
				f.tabIndex = -1;
				expanded(f);
			}
			stopAt(tree.querySelector(".selected") || tree.querySelector("li"));
		}
	}

	// stopAt makes a field the one at which Tab stops in its tree.
	function stopAt(field) {
		if (!field) return;
		for (const f of field.closest(".fields").querySelectorAll("li[tabindex='0']")) f.tabIndex = -1;
		field.tabIndex = 0;
	}

	// expanded says of a field that holds others whether they are seen.
	function expanded(field) {
		const fold = foldOf(field);
		if (field.querySelector("li")) field.setAttribute("aria-expanded", !fold || fold.open);
	}
	const foldOf = field => field.querySelector(":scope > details");

	document.addEventListener("toggle", e => {
		if (e.target.matches(aRow) && e.target.open) prepare(e.target);
		if (e.target.matches(".fields [role=treeitem] > details")) expanded(e.target.parentElement);
	}, true);
	document.querySelectorAll(`:is(${aRow})[open]`).forEach(prepare);

	function step(list, from, by) {
		const next = list[list.indexOf(from) + by];
		if (!next) return false;
		next.focus();
		next.scrollIntoView({block: "nearest"});
		return true;
	}

	// through walks the rows in the order of time, from one, or from the first in the window.
	function through(summary, by) {
		const rows = [...document.querySelectorAll(`:is(${aRow}, details.act) > summary`)].filter(shown);
		return step(rows, summary || rows.find(s => s.getBoundingClientRect().top >= 0), by);
	}

	// onRow: the keys of a row's own line.
	function onRow(key, row) {
		switch (key) {
		case "ArrowDown": return through(summaryOf(row), 1);
		case "ArrowUp": return through(summaryOf(row), -1);
		case "ArrowRight":
			if (!row.open) {
				row.open = true;
				toggled(row, true);
				prepare(row);
			}
			return step(stops(row), row.querySelector(".fields .selected") || stops(row)[0], 0);
		case "ArrowLeft":
		case "Escape":
			if (row.open) toggled(row, false);
			row.open = false;
			return true;
		}
		return false;
	}

	// within: the keys of what is in an open row.
	function within(key, row, e) {
		const list = stops(row);
		const field = e.matches(aField) ? e : null;
		const folds = e.matches("summary") ? e.parentElement : field && foldOf(field);
		switch (key) {
		case "ArrowDown": return step(list, e, 1) || true;
		case "ArrowUp": return step(list, e, -1) || step([summaryOf(row)], summaryOf(row), 0);
		case "Home": return step(list, list[0], 0);
		case "End": return step(list, list[list.length - 1], 0);
		case "ArrowRight":
			if (folds && !folds.open) return folds.open = true;
			return step(list, e, 1) || true;
		case "ArrowLeft": {
			if (folds && folds.open) return !(folds.open = false);
			const up = e.parentElement.closest(`${aField}, details`);
			const to = up && row.contains(up) ? (up.matches("details") ? summaryOf(up) : up) : summaryOf(row);
			return step([to], to, 0);
		}
		case "Enter":
		case " ":
			if (!field) return false;
			go(field);
			return true;
		case "Escape": return step([summaryOf(row)], summaryOf(row), 0);
		}
		return false;
	}

	document.addEventListener("keydown", e => {
		if (e.ctrlKey || e.altKey || e.metaKey || e.isComposing || e.target.matches("input, textarea, select")) return;
		if (e.shiftKey && e.key !== "?") return; // with arrows it selects text
		const row = rowOf(e.target);
		let done = false;
		if (e.key === " " && e.target.matches("a[role=button]")) done = !e.target.click();
		else if (row) done = e.target === summaryOf(row) ? onRow(e.key, row) : within(e.key, row, e.target);
		else if (e.target.matches("details.act > summary") && (e.key === "ArrowDown" || e.key === "ArrowUp")) done = through(e.target, e.key === "ArrowDown" ? 1 : -1);
		else if (e.target === document.body && e.key === "ArrowDown") done = through(null, 0);
		// Letters are keys where a row has the focus, and nowhere else (WCAG 2.2, 2.1.4).
		if (!done && views[e.key] && (row || e.target.closest("#keys"))) {
			views[e.key]();
			done = true;
		}
		if (done) e.preventDefault();
	});

	// ---- Views: keys, and the buttons that say the same.

	for (const b of document.querySelectorAll("[data-view=lecture]")) b.setAttribute("aria-pressed", false);
	for (const a of document.querySelectorAll("a[data-view]")) a.setAttribute("role", "button"); // with the script it is one
	const lecture = on => {
		root.classList.toggle("lecture", on);
		for (const b of document.querySelectorAll("[data-view=lecture]")) b.setAttribute("aria-pressed", root.classList.contains("lecture"));
	};
	let before = null; // what had the focus when the keys were asked for
	const everything = `${aRow}, details.act, main > section > details`;
	function all(open) {
		for (const d of document.querySelectorAll(everything)) d.open = open;
	}
	const views = {
		l: () => lecture(),
		o: () => all([...document.querySelectorAll(everything)].some(d => !d.open)),
		"?": () => {
			const keys = document.getElementById("keys");
			if (!keys) return; // a report tells none
			keys.open = !keys.open;
			if (keys.open) {
				before = document.activeElement;
				keys.scrollIntoView({block: "nearest"});
				summaryOf(keys).focus();
			} else if (before && before !== document.body) {
				before.focus(); // where the reader was
			} else {
				document.activeElement.blur();
			}
		},
	};
	const keyOf = {lecture: "l", all: "o", keys: "?"};

	document.addEventListener("click", e => {
		const view = e.target.closest("[data-view]");
		if (view && views[keyOf[view.dataset.view]]) {
			e.preventDefault();
			views[keyOf[view.dataset.view]]();
		}
		const copy = e.target.closest("[data-copy]");
		if (copy) copyText(copy);
	});

	// ---- Copy: a row as text, or the command that stands beside the button.

	// text reads a copy of the row, in which folded values stand whole: what is copied is for use. What
	// only a screen reader says of a fold is no part of it.
	function text(row) {
		const line = [...summaryOf(row).children].map(c => c.textContent.trim()).filter(s => s).join("  ");
		const copy = row.cloneNode(true);
		for (const fold of copy.querySelectorAll(".fold")) {
			fold.querySelector(".hidden").remove();
			const begun = fold.querySelector(":scope > summary > code"), rest = fold.querySelector(":scope > code");
			if (rest) fold.replaceWith(begun.textContent.replace("…", rest.textContent));
		}
		document.body.append(copy); // lines are broken where they are seen to be
		const fields = [...copy.querySelectorAll(aField)].map(f => f.innerText.split("\n")[0].trim());
		const told = [...copy.querySelectorAll(".telling")].map(t => t.innerText.trim());
		copy.remove();
		return [line, ...told, ...fields].filter(s => s).join("\n") + "\n";
	}

	function copyText(button) {
		const code = button.dataset.copy === "row" ? null : button.parentElement.querySelector("code");
		const what = code ? code.textContent : text(rowOf(button));
		const done = () => { said.textContent = button.dataset.said || ""; };
		const byHand = () => { // where the page may not write to the clipboard: as from file:// in some browsers
			const area = document.createElement("textarea");
			area.value = what;
			button.after(area);
			area.select();
			const copied = document.execCommand("copy");
			area.remove();
			button.focus();
			if (copied) done();
		};
		if (navigator.clipboard) navigator.clipboard.writeText(what).then(done, byHand);
		else byHand();
	}

	select();
})();
