package main

import (
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"tlslab/handshake/foreign"
	"tlslab/handshake/narrate"
	"tlslab/handshake/ondisk"
	"tlslab/handshake/render"
)

// view is how a transcript is shown, and where.
type view struct {
	langName, color, out string
	width                int
	brief, bytes         bool

	lang narrate.Lang // once checked
}

func (v *view) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	v.langFlag(cmd)
	f.StringVar(&v.color, "color", "auto", "auto, always or never; NO_COLOR is heeded")
	f.IntVar(&v.width, "width", 0, "columns of a line (default: the terminal's, or 80)")
	f.BoolVar(&v.brief, "brief", false, "one line a move")
	f.BoolVar(&v.bytes, "bytes", false, "every byte, a certificate as one block: offset, hex, name, meaning")
	f.StringVar(&v.out, "out", "", "write the transcript to this `file` (mode 0600)")
	complete(cmd, "color", func() []string { return []string{"auto", "always", "never"} })
}

func (v *view) langFlag(cmd *cobra.Command) {
	cmd.Flags().StringVar(&v.langName, "lang", "", "en or zh (default: by LC_ALL, LC_MESSAGES, LANG)")
	complete(cmd, "lang", func() []string {
		var out []string
		for _, l := range narrate.Langs() {
			out = append(out, string(l))
		}
		return out
	})
}

// checkLang settles the language.
func (v *view) checkLang() (err error) {
	v.lang = narrate.FromEnv(os.Getenv)
	if v.langName != "" {
		if v.lang, err = narrate.ParseLang(v.langName); err != nil {
			return misuse("", "--lang: %w", err)
		}
	}
	return nil
}

// maxWidth keeps lines readable on a wide terminal.
const maxWidth = 120

// open checks the flags and opens the place to write to: --out, or else to. What goes wrong
// with it later is said on log.
func (v *view) open(to, log io.Writer) (*output, error) {
	if err := v.checkLang(); err != nil {
		return nil, err
	}
	to = unfiltered(to)
	o := &output{w: to, close: func() error { return nil }, log: log}
	o.options = render.TerminalOptions{Lang: v.lang, Width: v.width}
	switch {
	case v.brief && v.bytes:
		return nil, misuse("Choose one of the two.", "--brief and --bytes contradict each other")
	case v.brief:
		o.options.Level = render.Brief
	case v.bytes:
		o.options.Level = render.Bytes
	}
	if v.width < 0 || v.width > 0 && v.width < 40 {
		return nil, misuse("Use at least 40.", "--width %d is too narrow for a transcript", v.width)
	}
	switch v.color {
	case "always":
		o.options.Color = true
	case "never", "auto":
	default:
		return nil, misuse("", "--color %s: it is auto, always or never", v.color)
	}
	if v.out != "" {
		// A transcript has secrets in it.
		f, err := openLive("--out", v.out, ondisk.Anew, v.lang, log)
		if err != nil {
			return nil, err
		}
		o.w, o.close, o.file = foreign.NewWriter(unfailing{f}, o.options.Color), f.close, f
		return o, nil
	}
	if f, ok := to.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		o.options.Color = o.options.Color || v.color == "auto" && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
		if v.width == 0 {
			o.options.Width = min(columns(f), maxWidth)
		}
	}
	o.w = foreign.NewWriter(to, o.options.Color)
	return o, nil
}

// output is an open place to write to. One Write at a time reaches it.
type output struct {
	mu      sync.Mutex
	w       io.Writer
	close   func() error
	file    *liveFile    // --out's
	spool   *spool       // below w, where many connections write
	kept    atomic.Int64 // bytes in files of documents that wait: see wholePiece
	log     io.Writer    // for what goes wrong meanwhile
	options render.TerminalOptions
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.w.Write(p)
}
