package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"tlslab/cmd/tlslab/internal/cli"
	"tlslab/cmd/tlslab/internal/guard"
	"tlslab/handshake/lab"
	"tlslab/handshake/narrate"
)

type webFlags struct {
	cli.View
	listen, portFile string
	lab              lab.Lab
}

// New is the verb web; replays plays the lessons of the verb replay.
func New(replays *lab.Replays) *cobra.Command {
	f := &webFlags{lab: lab.Lab{Version: cli.Version(), Replays: replays}}
	cmd := &cobra.Command{
		Use:   "web",
		Short: "The lab: every lesson and every switch, in a browser",
		Long: `Serve the lab on this machine: the page of run and replay, with their options as
switches above it. The address is the lesson: /?tls=1.3&mitm=on&seed=7&lang=zh is the page of
tlslab run --tls 1.3 --mitm --seed 7 --lang zh --format html. It works without JavaScript, and
connects to nobody.`,
		Example: `  tlslab web                           prints an address; open it in a browser
  tlslab web --listen 127.0.0.1:9000   … of your choice
  tlslab web --lang zh`,
		Args: cli.None("listen"),
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	f.LangFlag(cmd)
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:8000", "listen on `HOST:PORT` of this machine; port 0 takes a free one")
	cmd.Flags().StringVar(&f.portFile, "port-file", "", "write the port to this `file` once listening")
	return cmd
}

func (f *webFlags) run(cmd *cobra.Command) error {
	if err := f.CheckLang(); err != nil {
		return err
	}
	host, err := cli.SplitAddr(f.listen)
	switch {
	case err != nil:
		return cli.Misuse("It is HOST:PORT; an IPv6 address goes in brackets, [::1]:8000.", "--listen %s: %s", f.listen, cli.AddrFault(err))
	case !cli.IsLoopback(host):
		return cli.Misuse("Listen on 127.0.0.1 or [::1].", "--listen %s: the lab is for this machine alone", f.listen)
	}
	if err := cli.Try("--port-file", f.portFile); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	l, err := net.Listen("tcp", f.listen)
	if err != nil {
		return cli.Unheard(f.Lang, f.listen, err)
	}
	if err := cli.WritePort(ctx, f.Lang, f.portFile, l); err != nil {
		return cli.FirstError(err, l.Close())
	}
	if _, err := fmt.Fprintf(cmd.OutOrStdout(), "http://%s/\n", l.Addr()); err != nil {
		return cli.FirstError(err, l.Close())
	}
	// A reader who is slow, or says nothing, costs a goroutine; not for ever.
	srv := &http.Server{Handler: f.handler(l.Addr().String()), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, WriteTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	defer context.AfterFunc(ctx, func() { _ = srv.Close() })()
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// handler answers as the lab does, at addr (HOST:PORT).
func (f *webFlags) handler(addr string) http.Handler {
	k := newKept(runtime.GOMAXPROCS(0))
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		values, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			http.Error(w, "That is no address of a lesson: "+err.Error(), http.StatusBadRequest)
			return
		}
		q, wrong := lab.Parse(values, f.Lang)
		if wrong == nil { // what is wrong with an address is answered at that address: it has no other
			if q.Lesson.Seed == "" {
				q.Lesson.Seed = seed()
			}
			if at := q.Address().String(); at != "?"+r.URL.RawQuery {
				http.Redirect(w, r, "/"+at, http.StatusFound)
				return
			}
		}
		a, err := k.answer(r.Context(), r.URL.RawQuery, func(ctx context.Context) (*lab.Answer, error) { return f.lab.Answer(ctx, q, wrong) })
		if err != nil {
			http.Error(w, narrate.Fault(q.Lang, err), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		if a.Refused {
			w.WriteHeader(http.StatusUnprocessableEntity)
		}
		_, _ = io.Copy(w, bytes.NewReader(a.Page)) // fails if the reader has left
	})
	return guard.Local(addr, mux)
}

// seed is a word that nobody has used: an address without one asks for a fresh run.
func seed() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	return fmt.Sprintf("%x", b)
}
