package cli

import (
	"errors"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/fatih/color"
	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"tlslab/handshake/foreign"
	"tlslab/handshake/narrate"
	"tlslab/handshake/ondisk"
	"tlslab/handshake/render"
	"tlslab/handshake/render/sheet"
)

// View is how a transcript is shown, and where.
type View struct {
	LangName, Color, Out string
	Width                int
	Brief, Bytes         bool
	Telling              // of the verbs that tell of handshakes
	Paging

	Lang narrate.Lang // once checked
}

// Flags adds the flags of a transcript, --lang among them.
func (v *View) Flags(cmd *cobra.Command) {
	f := cmd.Flags()
	v.LangFlag(cmd)
	v.ColorFlag(cmd)
	v.WidthFlag(cmd)
	f.BoolVar(&v.Brief, "brief", false, "one line a move")
	v.BytesFlag(cmd)
	f.StringVar(&v.Out, "out", "", "write the transcript to this `file` (mode 0600)")
}

// ColorFlag adds --color alone.
func (v *View) ColorFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&v.Color, "color", "auto", "auto, always or never; NO_COLOR is heeded")
	Complete(cmd, "color", func() []string { return []string{"auto", "always", "never"} })
}

// WidthFlag adds --width alone.
func (v *View) WidthFlag(cmd *cobra.Command) {
	cmd.Flags().IntVar(&v.Width, "width", 0, "columns of a line (default: the terminal's, or 80)")
}

// BytesFlag adds --bytes alone.
func (v *View) BytesFlag(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&v.Bytes, "bytes", false, "every byte, a certificate's too: offset, hex, name, meaning")
}

// LangFlag adds --lang alone. The language is settled before the command runs: a command may have
// something to say before it opens what it writes to.
func (v *View) LangFlag(cmd *cobra.Command) {
	cmd.PreRunE = func(*cobra.Command, []string) error { return v.CheckLang() }
	cmd.Flags().StringVar(&v.LangName, "lang", "", "en or zh (default: by LC_ALL, LC_MESSAGES, LANG)")
	Complete(cmd, "lang", func() []string {
		var out []string
		for _, l := range narrate.Langs() {
			out = append(out, string(l))
		}
		return out
	})
}

// CheckLang settles the language.
func (v *View) CheckLang() (err error) {
	v.Lang = narrate.FromEnv(os.Getenv)
	if v.LangName != "" {
		if v.Lang, err = narrate.ParseLang(v.LangName); err != nil {
			return Misuse("", "--lang: %w", err)
		}
	}
	return nil
}

// CheckQuiet refuses a file for a transcript that there is not to be: it would be emptied for nothing.
func (v *View) CheckQuiet(quiet bool) error {
	if quiet && v.Out != "" {
		return Misuse("Leave one of the two out.", "--quiet leaves nothing to write to --out")
	}
	return nil
}

// maxWidth keeps lines readable on a wide terminal.
const maxWidth = 120

// Open checks the flags and opens the place to write to: --out, or else to. What goes wrong
// with it later is said on log.
func (v *View) Open(to, log io.Writer) (*Output, error) {
	if err := v.CheckLang(); err != nil {
		return nil, err
	}
	to = Unfiltered(to)
	o := &Output{Writer: to, Close: func() error { return nil }, Log: log}
	o.Options = render.TerminalOptions{Lang: v.Lang, Width: v.Width, Only: v.Alone}
	var err error
	if o.Options.Level, err = v.level(); err != nil {
		return nil, err
	}
	if v.Width < 0 || v.Width > 0 && v.Width < narrowest {
		return nil, Misuse("Use at least 40.", "--width %d is too narrow for a transcript", v.Width)
	}
	switch v.Color {
	case "always":
		o.Options.Color = true
	case "never", "auto":
	default:
		return nil, Misuse("", "--color %s: it is auto, always or never", v.Color)
	}
	if v.Out != "" {
		// A transcript has secrets in it.
		f, err := OpenLive("--out", v.Out, ondisk.Anew, v.Lang, log)
		if err != nil {
			return nil, err
		}
		o.Writer, o.Close, o.File = foreign.NewWriter(unfailing{f}, o.Options.Color), f.Close, f
		return o, nil
	}
	if f, ok := to.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		o.Options.Color = o.Options.Color || v.Color == "auto" && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if v.Width == 0 {
			o.Options.Width = min(Columns(f), maxWidth)
		}
		if v.pages && !v.NoPager {
			if p := newPager(f); p != nil {
				to, o.Close = p, p.Close
			}
		}
	}
	o.Writer = foreign.NewWriter(to, o.Options.Color)
	return o, nil
}

// Output is an open place to write to. One Write at a time reaches it.
type Output struct {
	mu      sync.Mutex
	Writer  io.Writer
	Close   func() error
	File    *LiveFile    // --out's
	Spool   *Spool       // below w, where many connections write
	Kept    atomic.Int64 // bytes in files of documents that wait: see wholePiece
	Log     io.Writer    // for what goes wrong meanwhile
	Options render.TerminalOptions
}

// Write writes p. It may be called from many goroutines.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.Writer.Write(p)
}

// Width is how many columns a line has.
func (o *Output) Width() int {
	if w := o.Options.Width; w > 0 {
		return w
	}
	return sheet.DefaultWidth
}

// Paint paints a text, if this output takes colours; with 0 it stays as it is.
func (o *Output) Paint(text string, a color.Attribute) string {
	if !o.Options.Color || a == 0 {
		return text
	}
	c := color.New(a)
	c.EnableColor()
	return c.Sprint(text)
}

// Whole puts out the content of a file, and closes the file. Nothing comes between.
func (o *Output) Whole(f io.ReadCloser) error {
	if o.Spool != nil {
		return o.Spool.file(f)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	whole := foreign.NewLines(o.Writer) // the copy's pieces end anywhere
	_, err := io.Copy(whole, f)
	return errors.Join(err, whole.Flush(), f.Close())
}
