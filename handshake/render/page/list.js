// What a list does beyond HTML: it goes on by itself, can be held, and is walked through by keys.
// Without this script it is the list as it stood when it was loaded. It adds no words of its own,
// and what a peer wrote comes as the server's own markup, in which it is text.
"use strict";
(() => {
	const root = document.documentElement;
	const said = document.getElementById("said");
	const entries = document.getElementById("entries");
	const hold = document.getElementById("hold");
	const most = Number(entries.dataset.most);
	let last = entries.dataset.after; // the last entry that the page knows of, its own or not
	let stream = null;
	let ended = last === undefined; // nothing more comes to this page

	const state = s => { root.dataset.state = s; };
	const focused = () => entries.contains(document.activeElement);

	// add puts an entry on top. As many as are too many go from the end, but for one that is being read.
	function add(row) {
		document.getElementById("none")?.remove();
		document.getElementById(row.id)?.remove();
		entries.prepend(row);
		while (entries.rows.length > most && !entries.lastElementChild.contains(document.activeElement)) entries.lastElementChild.remove();
	}

	// A row of a table is a row within a table alone. The document that is parsed here runs nothing.
	const parse = text => new DOMParser().parseFromString("<table><tbody>" + text + "</tbody></table>", "text/html").querySelector("tr");

	// tell says aloud what went wrong: the name, and the first that is said of it.
	function tell(row) {
		const why = row.querySelector(".bad");
		if (why) said.textContent = row.querySelector("a").textContent + ": " + why.textContent;
	}

	function go() {
		if (stream || ended) return;
		const address = new URL("feed" + location.search, location.href);
		address.searchParams.set("after", last);
		stream = new EventSource(address);
		stream.onopen = () => state("live");
		stream.onmessage = e => {
			last = e.lastEventId || last;
			const row = document.importNode(parse(e.data), true);
			add(row);
			tell(row);
		};
		stream.onerror = () => {
			if (!stream) return;
			if (stream.readyState !== EventSource.CLOSED) return state("lost"); // the browser tries again
			end("over"); // it was refused
		};
		stream.addEventListener("known", e => { last = e.lastEventId || last; }); // there was more, and none for this page
		stream.addEventListener("over", () => end("over"));
		stream.addEventListener("full", () => end("full"));
		stream.addEventListener("again", () => { // more has come than is kept: the list as it is now
			end("lost");
			location.reload();
		});
	}

	function stop() {
		if (stream) stream.close();
		stream = null;
	}

	function end(s) {
		stop();
		ended = true;
		state(s);
	}

	function held(yes) {
		hold.setAttribute("aria-pressed", yes);
		if (!yes) return go();
		stop();
		if (!ended) state("held");
	}

	if (hold) {
		hold.setAttribute("aria-pressed", false);
		hold.addEventListener("click", () => held(hold.getAttribute("aria-pressed") !== "true"));
		// A browser has few connections to one server: a list that nobody sees keeps none.
		const seen = () => {
			if (hold.getAttribute("aria-pressed") === "true") return;
			if (document.visibilityState === "visible") go();
			else stop();
		};
		document.addEventListener("visibilitychange", seen);
		addEventListener("pagehide", stop);
		addEventListener("pageshow", seen);
	}

	// ---- Keys, and a click anywhere on a row.

	const links = () => [...entries.querySelectorAll("a")];

	document.addEventListener("keydown", e => {
		if (e.ctrlKey || e.altKey || e.metaKey || e.shiftKey || e.isComposing || e.target.matches("input, select, button")) return;
		if (!focused() && (e.key !== "ArrowDown" || e.target !== document.body)) return;
		const all = links();
		const at = all.indexOf(document.activeElement);
		const to = {ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1}[e.key];
		if (to === undefined) return;
		e.preventDefault();
		if (!all[to]) return;
		all[to].focus();
		all[to].scrollIntoView({block: "nearest"});
	});

	entries.addEventListener("click", e => {
		if (e.target.closest("a") || !getSelection().isCollapsed) return;
		e.target.closest("tr")?.querySelector("a").click();
	});

	// Who comes back from an entry goes on from there, once the browser has scrolled there by itself.
	addEventListener("load", () => {
		if (location.hash.startsWith("#e")) document.getElementById(location.hash.slice(1))?.querySelector("a").focus();
	});
})();
