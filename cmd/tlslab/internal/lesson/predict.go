package lesson

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/handshake/foreign"
	"tlslab/handshake/lab"
	"tlslab/handshake/narrate"
	"tlslab/handshake/ondisk"
	"tlslab/handshake/predict"
	"tlslab/handshake/render"
	"tlslab/handshake/render/lesson"
	"tlslab/handshake/render/sheet"
	"tlslab/handshake/scenario"
)

// predictFlags are about questions along a lesson.
type predictFlags struct {
	predict bool
	score   string
}

func (p *predictFlags) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&p.predict, "predict", false, "ask along the lesson what comes next, who can read it, will it be believed, what a switch changes; then tell")
	f.StringVar(&p.score, "score", "", "write what was answered, and how much of it was right, to this `file`, as JSON (implies --predict)")
}

// checkPredict settles what --predict and --score imply, and refuses what they have no meaning with.
func (r *runFlags) checkPredict() error {
	r.predict = r.predict || r.score != ""
	switch {
	case !r.predict:
		return nil
	case r.step:
		return cli.Misuse("Leave one of the two out.", "--predict and --step: each waits in its own way")
	case r.Alone.Any():
		return cli.Misuse("Leave one of the two out.", "--predict asks along the whole lesson, and what was chosen shows one thing of it")
	case r.score != "" && r.format != cli.Text:
		return cli.Misuse("The page has the score, as JSON too, once all is answered.", "--score is about answers in a terminal, not --format %s", r.format)
	case r.seed == "": // what is asked is by the seed, and a switch changes a lesson of the same one
		var b [4]byte
		_, _ = rand.Read(b[:]) // never fails
		r.seed = fmt.Sprintf("%x", b)
	}
	return nil
}

// quiz are the questions about a lesson that was played.
func (r *runFlags) quiz(cmd *cobra.Command, t *scenario.Transcript) (predict.Quiz, error) {
	return lab.Predictions(cmd.Context(), *r.lesson(), t, r.Lang)
}

// playPredicting plays the lesson, then tells it with questions in between.
func (r *runFlags) playPredicting(cmd *cobra.Command, o scenario.Options, out *cli.Output, prompt io.Writer) error {
	if err := cli.Try("--score", r.score); err != nil { // a name that cannot be written is not found out at the end
		return err
	}
	t, err := r.Perform(cmd.Context(), o, nil)
	if err != nil {
		return err
	}
	z, err := r.quiz(cmd, t)
	if err != nil {
		return err
	}
	term := lesson.NewTerminal(out, out.Options)
	a := &asker{in: bufio.NewReader(cmd.InOrStdin()), to: prompt, options: out.Options, of: len(z.Questions)}
	left := z.Questions
	for _, e := range t.Events() {
		for ; len(left) > 0 && left[0].Before == e; left = left[1:] {
			if err := cli.FirstError(term.Flush(), a.ask(left[0])); err != nil {
				return err
			}
		}
		term.Event(e)
	}
	if err := term.Close(); err != nil {
		return err
	}
	for _, q := range left {
		if err := a.ask(q); err != nil {
			return err
		}
	}
	s := z.Score(a.chosen)
	if err := a.ends(s); err != nil {
		return err
	}
	if r.score != "" {
		var b bytes.Buffer
		if err := s.WriteJSON(&b); err != nil {
			return err
		}
		if err := ondisk.Write(r.score, b.Bytes(), 0o644, ondisk.Replace); err != nil {
			return cli.Unwritten("--score", r.score, err)
		}
	}
	return r.ends(cmd, t, term)
}

// asker asks on a terminal. When its input ends, the lesson goes on without it.
type asker struct {
	in      *bufio.Reader // nil once it has ended
	to      io.Writer
	options render.TerminalOptions
	of      int // questions
	chosen  []string
}

// ask asks one question, and tells whether the answer was right, and why. Where nothing can be read
// any more, nothing is asked.
func (a *asker) ask(q predict.Question) error {
	if a.in == nil {
		a.chosen = append(a.chosen, "")
		return nil
	}
	say := a.options.Voice()
	p := a.options.Page(a.to)
	p.Blank()
	p.Text(0, a.words("question")+say.Comma()+a.words("of", "n", fmt.Sprint(len(a.chosen)+1), "of", fmt.Sprint(a.of))+say.Colon()+a.words("moment/"+string(q.Moment)), p.Paint.Bold)
	p.Text(2, q.Text, nil)
	for i, c := range q.Choices {
		p.Hang("  "+letter(i)+"  ", 5, c.Text, nil)
	}
	p.Text(0, a.words("prompt"), p.Paint.Bold)
	if err := p.Err(); err != nil {
		return err
	}
	chosen, err := a.choice(q)
	if err != nil {
		return err
	}
	a.tell(p, q, chosen)
	return p.Err()
}

func letter(i int) string { return string(rune('A' + i)) }

// choice reads a letter, again and again until it is one; -1 if the input ends before.
func (a *asker) choice(q predict.Question) (int, error) {
	for {
		line, err := a.in.ReadString('\n')
		line = strings.TrimSpace(line)
		for i := range q.Choices {
			if strings.EqualFold(line, letter(i)) {
				return i, nil
			}
		}
		p := a.options.Page(a.to)
		switch {
		case errors.Is(err, io.EOF):
			a.in = nil
			p.Text(0, a.words("input_ended"), p.Paint.Bold)
			return -1, p.Err()
		case err != nil:
			return -1, err
		}
		var letters []string
		for i := range q.Choices {
			letters = append(letters, letter(i))
		}
		p.Text(0, a.words("no_letter", "text", foreign.Quote(line), "letters", a.options.Voice().List(letters)), p.Paint.Bold)
		if p.Err() != nil {
			return -1, p.Err()
		}
	}
}

// tell says of a choice, -1 for none, whether it was right; then which is, and why.
func (a *asker) tell(p *sheet.Page, q predict.Question, chosen int) {
	if chosen < 0 {
		a.chosen = append(a.chosen, "")
		return
	}
	c := q.Choices[chosen]
	a.chosen = append(a.chosen, c.Key)
	if !c.Right {
		p.Text(0, a.words("wrong")+a.options.Voice().Colon()+letter(chosen), p.Paint.Bad)
		p.Text(5, c.Reason, nil)
	}
	for i, c := range q.Choices {
		if c.Right {
			p.Text(0, a.words("right")+a.options.Voice().Colon()+letter(i), p.Paint.Good)
			p.Text(5, c.Reason, nil)
		}
	}
}

// ends says how much was right.
func (a *asker) ends(s predict.Score) error {
	p := a.options.Page(a.to)
	p.Blank()
	p.Text(0, a.words("score_title")+a.options.Voice().Colon()+a.words("score", "n", fmt.Sprint(s.Right), "of", fmt.Sprint(s.Asked)), p.Paint.Bold)
	return p.Err()
}

// words is a phrase of the questions, with name, value, name, value … filled in.
func (a *asker) words(key string, pairs ...string) string {
	values := map[string]string{}
	for i := 0; i+1 < len(pairs); i += 2 {
		values[pairs[i]] = pairs[i+1]
	}
	return narrate.Fill(narrate.Must(a.options.Voice().Lang, narrate.Predict, key).Title, values)
}
