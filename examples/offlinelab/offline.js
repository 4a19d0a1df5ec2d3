// What stands between the engine and the browser: it unpacks the engine, asks it for the page that
// the address asks for, and shows that. The links and the form of a page lead to "?…", as they do
// in tlslab web; here the engine answers them, and the address is the lesson all the same: it can
// be kept, reloaded, and gone back to.
"use strict";
(() => {
	const tell = (id, why) => {
		for (const m of document.querySelectorAll("body > div")) m.hidden = m.id !== id;
		if (why) document.querySelector(`#${id} code`).textContent = why;
	};

	// read reads what main.go has written: Ascii85, with "v" for "<", and without "z".
	function read(text) {
		const groups = Math.ceil(text.length / 5), whole = text.padEnd(groups * 5, "u");
		const bytes = new DataView(new ArrayBuffer(groups * 4));
		for (let g = 0; g < groups; g++) {
			let n = 0;
			for (let i = 0; i < 5; i++) {
				const c = whole[g * 5 + i];
				n = n * 85 + (c === "v" ? "<" : c).charCodeAt() - 33;
			}
			bytes.setUint32(g * 4, n);
		}
		return new Uint8Array(bytes.buffer, 0, Math.floor(text.length * 4 / 5));
	}

	// unpack: text, then gzip, then a program.
	async function unpack(go) {
		const packed = read(document.getElementById("engine").textContent);
		const bytes = await new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
		return (await WebAssembly.instantiate(bytes, go.importObject)).instance;
	}

	// A page's own policy would be added to those of the pages before it, and what one page needs
	// another may forbid. The policy of the file stays, and allows what all of them need.
	const policy = /<meta http-equiv="Content-Security-Policy"[^>]*>/;

	// show shows the page of an address. The address of what is answered may be another, for it has
	// a seed; how says whether that comes after the last one, or in its place.
	let shown;
	function show(address, how) {
		const answer = tlslabAnswer(address, /^zh/.test(navigator.language) ? "zh" : "en");
		if (answer.address !== location.search) {
			const to = answer.address + (how === "replaceState" ? location.hash : "");
			try {
				history[how](null, "", to);
			} catch { // a browser that takes each address of a file for another file: it opens that
				return location[how === "replaceState" ? "replace" : "assign"](to);
			}
		}
		shown = location.search;
		document.open(); // which forgets the last page, and whatever its script listened to
		document.write(answer.page.replace(policy, ""));
		document.close();
		if (!location.hash) scrollTo(0, 0);
		document.onclick = clicked;
		document.onsubmit = submitted;
		onpopstate = () => { if (location.search !== shown) show(location.search, "replaceState"); };
	}

	function clicked(e) {
		const link = e.target.closest("a[href^='?']");
		if (!link || e.button || e.ctrlKey || e.metaKey || e.shiftKey || e.altKey) return;
		e.preventDefault();
		show(link.getAttribute("href"), "pushState");
	}

	function submitted(e) {
		e.preventDefault();
		show("?" + new URLSearchParams(new FormData(e.target, e.submitter)), "pushState");
	}

	addEventListener("DOMContentLoaded", () => {
		if (!self.WebAssembly || !self.DecompressionStream) return tell("unable");
		const go = new Go();
		const ready = new Promise(done => addEventListener("tlslab", done));
		unpack(go).then(async instance => {
			go.run(instance);
			await ready;
			show(location.search, "replaceState");
		}).catch(e => tell("failed", String(e)));
	});
})();
