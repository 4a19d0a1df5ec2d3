package lab_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"tlslab/handshake/internal/browsertest"
)

// answered is the score of package predict, as a reader of it has it.
type answered struct {
	Tlslab       int
	Seed         string
	Right, Asked int
	Answers      []struct {
		Moment, About, Chosen, Right string
		Choices                      []string
		Correct                      bool
	}
}

// predicting is a lesson with questions.
const predicting = "?tls=1.3&client-auth=on&predict=on&seed=7"

// What a test asks of the questions.
const (
	rowsSeen = `[...document.querySelectorAll("details.row")].filter(e => e.checkVisibility()).length`
	allRows  = `document.querySelectorAll("details.row").length`
	asksSeen = `[...document.querySelectorAll(".ask")].filter(e => e.checkVisibility()).length`
	theScore = `document.querySelector("#score").checkVisibility()`
	theTop   = `document.querySelector("header .top").checkVisibility()`
)

// verdictSeen is which of the verdicts of a question is seen.
func verdictSeen(n int) string {
	return fmt.Sprintf(`[...document.querySelectorAll("[id='predict.%d'] .reveal > p")].filter(e => e.checkVisibility()).map(e => e.textContent).join()`, n)
}

// answer chooses the option at a place, 0 the first, of question n, and reveals.
func answerBy(tab *browsertest.Tab, keys bool, n, choice int) {
	at := fmt.Sprintf(`[id='predict.%d']`, n)
	if !keys {
		tab.Click(fmt.Sprintf("%s .option:nth-of-type(%d) input", at, choice+1))
		tab.Click(at + " .reveal > summary")
		return
	}
	do(tab, fmt.Sprintf("document.querySelector(%q).focus()", at+" input"))
	tab.Press(browsertest.SpaceKey)
	for range choice {
		tab.Press(browsertest.Down)
	}
	tab.Press(browsertest.TabKey, browsertest.Enter)
}

// Four questions, by the keyboard and by the mouse, in each language, with the script and without:
// what follows a question is seen once it is revealed, and not before; what the style counts, the
// script counts, and writes as JSON.
func TestPredict(t *testing.T) {
	for _, lang := range []string{"en", "zh"} {
		for _, keys := range []bool{true, false} {
			for _, scripts := range []bool{true, false} {
				t.Run(fmt.Sprint(lang, " keys ", keys, " scripts ", scripts), func(t *testing.T) {
					tab := visit(t, predicting+"&lang="+lang)
					if !scripts {
						tab.WithoutScripts()
						tab.Visit(lab(t) + predicting + "&lang=" + lang)
					}
					predictAll(t, tab, keys, scripts)
				})
			}
		}
	}
}

func predictAll(t *testing.T, tab *browsertest.Tab, keys, scripts bool) {
	is(t, tab, `document.querySelectorAll(".ask").length`, "4")
	is(t, tab, `document.querySelector("[name=predict]").checked`, "true")
	right, seen := 0, 0
	moments := map[string]bool{}
	for n := 1; n <= 4; n++ {
		is(t, tab, asksSeen, strconv.Itoa(n))
		is(t, tab, theScore, "false")
		is(t, tab, theTop, "false")
		before := browsertest.Eval[int](tab, rowsSeen)
		if before < seen || before == browsertest.Eval[int](tab, allRows) && n < 4 {
			t.Errorf("question %d: %d rows are seen, %d before it", n, before, seen)
		}
		seen = before
		ask := fmt.Sprintf(`document.getElementById("predict.%d")`, n)
		moments[browsertest.Eval[string](tab, ask+".dataset.kind")] = true
		at := browsertest.Eval[int](tab, "[..."+ask+`.querySelectorAll(".option")].findIndex(o => o.matches("[data-right]"))`)
		want := ".hit"
		if n%2 == 0 { // every other answer is wrong
			options := browsertest.Eval[int](tab, ask+`.querySelectorAll(".option").length`)
			at, want = (at+1)%options, ".miss"
		} else {
			right++
		}
		verdict := browsertest.Eval[string](tab, ask+`.querySelector("`+want+`").textContent`)
		is(t, tab, ask+`.querySelector(".reveal").open`, "false")
		answerBy(tab, keys, n, at)
		is(t, tab, ask+`.querySelector(".reveal").open`, "true")
		is(t, tab, verdictSeen(n), verdict)
		is(t, tab, ask+`.querySelectorAll("dt").length == `+ask+`.querySelectorAll("dd").length && [...`+ask+`.querySelectorAll("dd")].every(e => e.textContent.length > 8)`, "true")
		if scripts {
			tab.Wait(`document.getElementById("said").textContent.startsWith(` + strconv.Quote(verdict) + `)`)
			is(t, tab, ask+`.querySelectorAll("input:disabled").length == `+ask+`.querySelectorAll("input").length`, "true")
		}
	}
	if len(moments) != 4 {
		t.Errorf("it asks about %v", moments)
	}
	is(t, tab, theTop, "true")
	is(t, tab, theScore, "true")
	is(t, tab, rowsSeen, browsertest.Eval[string](tab, "String("+allRows+")"))
	if !scripts {
		is(t, tab, `document.querySelector("#score details").checkVisibility()`, "false")
		is(t, tab, `getComputedStyle(document.querySelector("#score .tally"), "::after").content`, "counter(right)")
		return
	}
	is(t, tab, `document.querySelector("#score .tally").textContent`, strconv.Itoa(right))
	var got answered
	if err := json.Unmarshal([]byte(browsertest.Eval[string](tab, `document.querySelector("#score code").textContent`)), &got); err != nil {
		t.Fatal(err)
	}
	if got.Tlslab != 1 || got.Seed != "7" || got.Right != right || got.Asked != 4 || len(got.Answers) != 4 {
		t.Errorf("the score is %+v", got)
	}
	for i, a := range got.Answers {
		if a.Correct != (i%2 == 0) || a.Correct != (a.Chosen == a.Right) || a.Chosen == "" || !strings.Contains(" "+strings.Join(a.Choices, " ")+" ", " "+a.Right+" ") || a.About == "" && a.Moment != "change" {
			t.Errorf("answer %d is %+v", i+1, a)
		}
	}
	tab.Click("#score summary")
	tab.Click("#score [data-copy]")
	tab.Wait(`document.getElementById("said").textContent == document.querySelector("#score [data-copy]").dataset.said`)
}

// Who reveals without an answer is told so, and it counts as none; what was revealed cannot be chosen
// after it.
func TestPredictNothing(t *testing.T) {
	tab := visit(t, predicting+"&lang=en")
	tab.Click("[id='predict.1'] .reveal > summary")
	is(t, tab, verdictSeen(1), "Nothing was chosen")
	tab.Wait(`document.querySelectorAll("[id='predict.1'] input:disabled").length > 1`)
	is(t, tab, `JSON.parse(document.querySelector("#score code").textContent).answers[0].chosen`, "")
	// It can be closed again: the reasons fold, and what follows stays in sight.
	tab.Click("[id='predict.1'] .reveal > summary")
	is(t, tab, `document.querySelector("[id='predict.1'] dl").checkVisibility()`, "false")
	is(t, tab, asksSeen, "2")
}

// Arrows walk down the rows to a question, and behind it once it is revealed, and up again.
func TestPredictArrows(t *testing.T) {
	tab := visit(t, predicting+"&lang=en")
	const at = `(a => a.matches("input") ? a.name : a.closest("[id]").id)(document.activeElement)`
	first := browsertest.Eval[string](tab, `(f => (f.querySelector(":scope > summary").focus(), f.id))([...document.querySelectorAll("details.row")].filter(e => e.checkVisibility()).at(-1))`)
	is(t, tab, at, first)
	tab.Press(browsertest.Down)
	is(t, tab, at, "predict.1")
	tab.Press(browsertest.SpaceKey, browsertest.TabKey, browsertest.Down)
	is(t, tab, at, "predict.1") // there is nothing below yet
	tab.Press(browsertest.Enter)
	tab.Wait(`document.querySelectorAll("[id='predict.1'] input:disabled").length > 1`)
	tab.Press(browsertest.Down)
	is(t, tab, `document.activeElement.matches("details.row > summary")`, "true")
	is(t, tab, `document.getElementById("predict.1").compareDocumentPosition(document.activeElement) & Node.DOCUMENT_POSITION_FOLLOWING`, "4")
	tab.Press(browsertest.Up)
	is(t, tab, at, "predict.1")
	tab.Press(browsertest.Up)
	is(t, tab, at, first)
}

// Two runs side by side ask what is different before they show it.
func TestPredictPair(t *testing.T) {
	for _, scripts := range []bool{true, false} {
		tab := visit(t, pages["pair"]+"&predict=on&lang=en")
		if !scripts {
			tab.WithoutScripts()
			tab.Visit(lab(t) + pages["pair"] + "&predict=on&lang=en")
		}
		const shown = `[...document.querySelectorAll("main section, main table")].filter(e => e.checkVisibility()).length`
		is(t, tab, shown, "1")
		is(t, tab, asksSeen, "1")
		is(t, tab, `document.querySelector(".ask").dataset.kind`, "change")
		is(t, tab, `document.querySelector(".option[data-right] input").value`, "messages+readers+trust")
		answerBy(tab, scripts, 1, browsertest.Eval[int](tab, `[...document.querySelectorAll(".option")].findIndex(o => o.matches("[data-right]"))`))
		is(t, tab, verdictSeen(1), "Right")
		is(t, tab, shown+` > 3`, "true")
	}
}

// An address leads to what it names, also behind a question: that one and those before it are revealed.
func TestPredictAddress(t *testing.T) {
	tab := visit(t, predicting+"&lang=en")
	hidden := browsertest.Eval[string](tab, `[...document.querySelectorAll("details.arrow")].find(e => !e.checkVisibility()).id`)
	tab.Go("#" + hidden)
	tab.Wait(`document.getElementById(` + strconv.Quote(hidden) + `).open`)
	is(t, tab, `document.getElementById(`+strconv.Quote(hidden)+`).checkVisibility()`, "true")
	is(t, tab, `document.querySelector("[id='predict.1'] .reveal").open`, "true")
	is(t, tab, `document.querySelector("[id='predict.4'] .reveal").open`, "false")
	field := browsertest.Eval[string](tab, `[...document.querySelectorAll(".fields li[id]")].at(-1).id`)
	tab.Go("#" + field)
	tab.Wait(`document.getElementById(` + strconv.Quote(field) + `).classList.contains("selected")`)
}

// The form's checkbox turns the questions on; without it the page has none, and no more style or script
// than before.
func TestPredictSwitch(t *testing.T) {
	tab := visit(t, "?tls=1.3&seed=7&lang=en")
	is(t, tab, `document.querySelectorAll(".ask, #score").length + document.querySelectorAll("style, script").length`, "2")
	do(tab, openForm)
	tab.Click("[name=predict]")
	tab.Leave(func() { tab.Click(submit) })
	asks(t, tab, "tls=1.3&predict=on&seed=7&lang=en")
	is(t, tab, `document.querySelectorAll(".ask").length`, "4")
	is(t, tab, `document.querySelectorAll("style, script").length`, "4")
}
