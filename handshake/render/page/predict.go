package page

import (
	_ "embed" // of the style and the script
	"strings"

	"tlslab/handshake/narrate"
	"tlslab/handshake/predict"
)

// Predict, then reveal: a question stands before the row that answers it, and whatever comes after it
// on the page stays out of sight until its Reveal is opened, by the style alone (predict.css). The
// script (predict.js) counts.

//go:embed predict.css
var predictStyleText string

//go:embed predict.js
var predictScriptText string

var (
	predictStyle  = asset{predictStyleText}
	predictScript = asset{predictScriptText}
)

// asks are the questions of a page that are still to be drawn.
type asks struct {
	of    map[*row][]*predict.Question
	left  []*predict.Question // about no row of the ladder
	drawn int
}

// placeAsks finds the row before which each question stands.
func (d *document) placeAsks() {
	if d.o.Predict == nil {
		return
	}
	rows := map[*place]*row{}
	for _, a := range d.ladder.acts {
		for _, f := range a.flights {
			for _, r := range f.rows {
				rows[&r.place] = r
				for _, it := range r.items {
					rows[&it.place] = r
				}
			}
		}
	}
	d.asks.of = map[*row][]*predict.Question{}
	for i := range d.o.Predict.Questions {
		q := &d.o.Predict.Questions[i]
		if r := rows[d.ladder.home[q.About]]; q.About != nil && r != nil {
			d.asks.of[r] = append(d.asks.of[r], q)
		} else {
			d.asks.left = append(d.asks.left, q)
		}
	}
}

// asksIn reports whether a question stands in an act.
func (d *document) asksIn(a *act) bool {
	for _, f := range a.flights {
		for _, r := range f.rows {
			if len(d.asks.of[r]) > 0 {
				return true
			}
		}
	}
	return false
}

// ask draws questions.
func (d *document) ask(questions []*predict.Question) {
	for _, q := range questions {
		d.asks.drawn++
		d.question(q, d.asks.drawn)
	}
}

// predicts is a word of the questions.
func (d *document) predicts(key string, pairs ...string) string {
	values := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return narrate.Fill(d.say.Get(narrate.Predict, key).Title, values)
}

func (d *document) question(q *predict.Question, n int) {
	name := "predict." + decimal(n)
	d.newline()
	d.in(elFieldset, []pair{class(classAsk), id(addressOf("predict", decimal(n))), value(attrDataKind, string(q.Moment)), value(attrDataAbout, q.Place)}, func() {
		d.in(elLegend, nil, func() {
			d.text(d.predicts("question") + d.say.Comma() + d.predicts("of", "n", decimal(n), "of", decimal(len(d.o.Predict.Questions))) + d.say.Colon())
			d.with(elB, d.predicts("moment/"+string(q.Moment)))
		})
		d.with(elP, q.Text)
		for _, c := range q.Choices {
			d.newline()
			d.in(elLabel, []pair{class(classOption), when(c.Right, is(attrDataRight))}, func() {
				d.start(elInput, value(attrType, "radio"), value(attrName, name), value(attrValue, c.Key))
				d.space()
				d.text(c.Text)
			})
		}
		d.newline()
		d.in(elDetails, []pair{class(classReveal)}, func() {
			d.with(elSummary, d.predicts("reveal"), value(attrAriaLabel, d.predicts("reveal")+" "+decimal(n)))
			for _, v := range []struct {
				class className
				key   string
			}{{classHit, "right"}, {classMiss, "wrong"}, {classBlank, "unanswered"}} {
				d.with(elP, d.predicts(v.key), class(classBold, v.class))
			}
			d.in(elDl, []pair{class(classList)}, func() {
				for _, c := range q.Choices {
					verdict, mark := "is_wrong", classBad
					if c.Right {
						verdict, mark = "is_right", classGood
					}
					d.newline()
					d.in(elDt, []pair{class(classKind, mark)}, func() {
						d.text(c.Text)
						d.with(elSpan, " "+d.predicts(verdict), class(classHidden))
					})
					d.with(elDd, c.Reason)
				}
			})
		})
	})
	d.newline()
}

// askLeft draws the questions that are about no row.
func (d *document) askLeft() {
	d.ask(d.asks.left)
	d.asks.left = nil
}

// score draws the questions that are left, and what comes of all of them.
func (d *document) score() {
	if d.o.Predict == nil {
		return
	}
	d.askLeft()
	d.in(elSection, []pair{id("score"), value(attrDataSeed, d.o.Predict.Seed), value(attrDataSaid, d.predicts("score"))}, func() {
		d.with(elH2, d.predicts("score_title"))
		d.in(elP, nil, func() {
			d.with(elB, "", class(classTally))
			d.text(" / " + decimal(len(d.o.Predict.Questions)))
		})
		d.in(elDetails, nil, func() {
			d.with(elSummary, d.predicts("as_json"))
			d.in(elDiv, []pair{class(classCommand)}, func() {
				d.with(elCode, "", value(attrTranslate, "no"))
				d.with(elButton, d.say.UI("page.copy", "what", "JSON"), value(attrType, "button"), value(attrDataCopy, "command"), value(attrDataSaid, d.say.UI("page.copied")))
			})
		})
	})
	d.newline()
}

// policyOf is a policy that allows some styles and scripts, each by its hash.
func policyOf(styles, scripts []asset) string {
	hashes := func(of []asset) string {
		var all []string
		for _, a := range of {
			all = append(all, hashOf(a))
		}
		return strings.Join(all, " ")
	}
	return "default-src 'none'; style-src " + hashes(styles) + "; script-src " + hashes(scripts) + "; img-src data:; base-uri 'none'; form-action 'self'"
}

// assets are the styles and scripts of a document. The script of the questions comes first: it shows
// what an address names before the page's goes there.
func (o Options) assets() (styles, scripts []asset) {
	if o.Predict == nil {
		return []asset{style}, []asset{script}
	}
	return []asset{style, predictStyle}, []asset{predictScript, script}
}
