package lesson

import (
	"io"

	"tlslab/handshake/narrate"
	"tlslab/handshake/render"
	"tlslab/handshake/render/page"
	"tlslab/handshake/scenario"
)

// WriteMITMMatrixPage writes what WriteMITMMatrix writes as a page.
func WriteMITMMatrixPage(w io.Writer, verdicts []scenario.MITMVerdict, o page.Options) error {
	return page.Write(w, narrate.Must(o.Lang, narrate.UI, "mitm_matrix").Title, o, func(to render.TerminalOptions) error {
		return WriteMITMMatrix(io.Discard, verdicts, to)
	})
}

// NewPage returns a page of events as they come, in the words that tell of a lesson's scenes too.
func NewPage(w io.Writer, o page.Options) *page.Page {
	o.Teller = func(to render.TerminalOptions) page.Teller { return NewTerminal(io.Discard, to) }
	return page.New(w, o)
}

// WritePage writes a lesson as a page, in a Terminal's words. Of a worksheet it writes to answers
// what belongs in the blanks, as WriteAnswers of that Terminal does; answers may be nil.
func WritePage(w io.Writer, t *scenario.Transcript, o page.Options, answers io.Writer) error {
	p, write := NewHandout(w, o)
	for _, e := range t.Events() {
		p.Event(e)
	}
	if err := p.Close(); err != nil || answers == nil {
		return err
	}
	return write(answers)
}

// NewHandout is NewPage, and what writes the answers of a worksheet once the page is closed.
func NewHandout(w io.Writer, o page.Options) (p *page.Page, answers func(io.Writer) error) {
	var term *render.Terminal
	o.Teller = func(to render.TerminalOptions) page.Teller {
		term = NewTerminal(io.Discard, to)
		return term
	}
	return page.New(w, o), func(to io.Writer) error { return term.WriteAnswers(to) }
}
