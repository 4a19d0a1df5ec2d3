// Predict, then reveal: the first choice that is revealed counts, and the score is what Quiz.Score of
// package predict writes. The questions and their answers are on the page without this script, which
// adds no words of its own.
"use strict";
(() => {
	const asks = [...document.querySelectorAll("fieldset.ask")];
	const score = document.getElementById("score");
	const said = document.getElementById("said");
	const chosen = new Map(); // of what was revealed

	function settle(ask) {
		if (chosen.has(ask)) return;
		const input = ask.querySelector("input:checked");
		chosen.set(ask, input ? input.value : "");
		for (const i of ask.querySelectorAll("input")) i.disabled = true;
		ask.classList.add("settled");
		const about = input ? input.parentElement : ask.querySelector(".option[data-right]");
		const verdict = ask.querySelector(input ? (about.matches("[data-right]") ? ".hit" : ".miss") : ".blank");
		const why = ask.querySelectorAll("dd")[[...ask.querySelectorAll(".option")].indexOf(about)];
		said.textContent = verdict.textContent + ": " + why.textContent;
		count();
	}

	// count writes the score so far.
	function count() {
		const answers = asks.map(ask => {
			const right = ask.querySelector(".option[data-right] input").value;
			const given = chosen.get(ask) || "";
			return {moment: ask.dataset.kind, about: ask.dataset.about || "", choices: [...ask.querySelectorAll("input")].map(i => i.value), chosen: given, right, correct: given === right};
		});
		const right = answers.filter(a => a.correct).length;
		score.querySelector(".tally").textContent = right;
		score.querySelector("code").textContent = JSON.stringify({tlslab: 1, seed: score.dataset.seed || "", right, asked: asks.length, answers}, null, 2) + "\n";
	}

	document.addEventListener("toggle", e => {
		if (e.target.matches(".reveal[open]")) settle(e.target.closest(".ask"));
	}, true);

	// Arrows walk from row to row (page.js), and stop at a question on the way: at its choices, or at
	// its Reveal once it is answered.
	const lines = "details.row > summary, details.act > summary, .reveal > summary";
	document.addEventListener("keydown", e => {
		const by = {ArrowDown: 1, ArrowUp: -1}[e.key];
		if (!by || e.ctrlKey || e.altKey || e.metaKey || e.shiftKey || !e.target.matches(lines)) return;
		const open = a => !a.querySelector("input:disabled");
		const choices = asks.filter(open).map(a => a.querySelector("input:checked") || a.querySelector("input"));
		const stops = [...document.querySelectorAll(`${lines}, .ask input`)].filter(x => x.checkVisibility() && (!x.matches("input") || choices.includes(x)));
		const next = stops[stops.indexOf(e.target) + by];
		if (next && !next.closest(".ask") && !e.target.closest(".ask")) return; // from a row to a row
		e.preventDefault();
		e.stopPropagation();
		if (next) {
			next.focus();
			next.scrollIntoView({block: "nearest"});
		}
	}, true);

	// An address of something that a question keeps out of sight opens what stands before it: who has
	// followed a link wants to see what it leads to.
	function lead() {
		let e = null;
		try {
			e = location.hash.length > 1 ? document.getElementById(decodeURIComponent(location.hash.slice(1))) : null;
		} catch { // no address of ours has a % in it
		}
		for (const ask of asks) {
			if (e && !ask.contains(e) && ask.compareDocumentPosition(e) & Node.DOCUMENT_POSITION_FOLLOWING) ask.querySelector(".reveal").open = true;
		}
	}
	addEventListener("hashchange", lead);
	lead();
	for (const ask of asks) if (ask.querySelector(".reveal[open]")) settle(ask); // led to
	count();
})();
