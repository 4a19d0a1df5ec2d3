package proxy_test

import (
	"bytes"
	"cmp"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"tlslab/handshake/mitm/proxy"
	"tlslab/handshake/mitm/relay"
)

// shouting reads in capitals.
type shouting struct{ io.Reader }

func (s shouting) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	copy(p, bytes.ToUpper(p[:n]))
	return n, err
}

// everyWay plays a test in each of the ways in which HTTP passes: as it came, and translated.
func everyWay(t *testing.T, h http.HandlerFunc, hooks []proxy.Hook, test func(t *testing.T, u *underTest, c *http.Client, base string), more ...func(*proxy.Options)) {
	for _, way := range []string{"plain", "http/1.1", "h2", "h2 to http/1.1", "http/1.1 to h2"} {
		t.Run(way, func(t *testing.T) {
			var o *origin
			base := "https://" + wwwName
			asks, answers, translates := strings.Cut(way, " to ")
			switch {
			case way == "plain":
				o, base = newPlain(t, h), "http://"+wwwName
			case answers == "h2":
				o = newOrigin(t, h, only2)
			default:
				o = newOrigin(t, h, func(c *tls.Config) { c.NextProtos = []string{cmp.Or(answers, way)} })
			}
			u := start(t, o, func(p *proxy.Options) {
				p.Hooks = hooks
				for _, f := range more {
					f(p)
				}
			})
			c := u.client(func(tr *http.Transport) {
				if translates {
					tr.Protocols = new(http.Protocols)
					tr.Protocols.SetHTTP2(asks == "h2")
					tr.Protocols.SetHTTP1(asks != "h2")
				}
			})
			defer c.CloseIdleConnections()
			test(t, u, c, base)
		})
	}
}

// TestHooks: what a hook sees, changes and answers.
func TestHooks(t *testing.T) {
	seen := make(chan string, 1)
	origin := func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		seen <- fmt.Sprint(r.Method, " ", r.URL.Path, " ", r.Header.Get("X-Hook"), " ", r.Header.Get("X-Gone"), " ", string(b))
		w.Header().Set("X-Server", "real")
		fmt.Fprint(w, "hello")
	}
	for _, x := range []struct {
		name    string
		hook    proxy.Hook
		body    string
		saw     string // the server; "": nothing
		status  int
		got     string
		changes string
	}{
		{"nothing", proxy.Hook{Request: func(*proxy.HeldRequest) {}, Reply: func(*proxy.HeldReply) {}}, "body", "POST /a  x body", 200, "hello real", "[]"},
		{"fields", proxy.Hook{Name: "mine", Request: func(r *proxy.HeldRequest) { r.Set("X-Hook", "1"); r.Del("X-Gone") },
			Reply: func(r *proxy.HeldReply) { r.Set("X-Server", "hooked") }}, "", "POST /a 1  ", 200, "hello hooked", "[{mine client field_set X-Hook} {mine client field_removed X-Gone} {mine server field_set X-Server}]"},
		{"first lines", proxy.Hook{Request: func(r *proxy.HeldRequest) { r.SetMethod("PUT"); r.SetTarget("/b") }, Reply: func(r *proxy.HeldReply) { r.SetStatus(299, "Mine") }}, "", "PUT /b  x ", 299, "hello real",
			"[{a hook client first_line PUT /a} {a hook client first_line PUT /b} {a hook server first_line 299 Mine}]"},
		{"answer", proxy.Hook{Name: "me", Request: func(r *proxy.HeldRequest) {
			r.Answer(418, []relay.Field{{Name: "X-Server", Value: r.Method() + r.URL()[4:]}}, strings.NewReader("no"))
		}}, "body", "", 418, "no POST", "[{me client answered 418}]"},
		{"bodies", proxy.Hook{Name: "up", Request: func(r *proxy.HeldRequest) { r.Body(func(in io.Reader) io.Reader { return shouting{in} }) },
			Reply: func(r *proxy.HeldReply) {
				r.Body(func(in io.Reader) io.Reader { return io.MultiReader(shouting{in}, strings.NewReader("!")) })
			}},
			"body", "POST /a  x BODY", 200, "HELLO! real", "[{up client body } {up server body }]"},
		{"bodies only looked at", proxy.Hook{Name: "up", Request: func(r *proxy.HeldRequest) {
			r.Body(func(in io.Reader) io.Reader { return io.TeeReader(in, io.Discard) })
		},
			Reply: func(r *proxy.HeldReply) { r.Body(func(in io.Reader) io.Reader { return in }) }}, "body", "POST /a  x body", 200, "hello real", "[]"},
	} {
		t.Run(x.name, func(t *testing.T) {
			everyWay(t, origin, []proxy.Hook{x.hook}, func(t *testing.T, u *underTest, c *http.Client, base string) {
				req, err := http.NewRequest(http.MethodPost, base+"/a", strings.NewReader(x.body))
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("X-Gone", "x")
				resp, err := c.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				b, err := io.ReadAll(resp.Body)
				_ = resp.Body.Close()
				if got := fmt.Sprint(string(b), " ", resp.Header.Get("X-Server")); err != nil || resp.StatusCode != x.status || !strings.HasPrefix(got, x.got) {
					t.Errorf("%d %q, %v", resp.StatusCode, got, err)
				}
				if x.saw != "" {
					if saw := <-seen; saw != x.saw {
						t.Errorf("the server saw %q", saw)
					}
				}
				c.CloseIdleConnections()
				e := u.total(t, 1)[0]
				sound(t, e)
				if got := fmt.Sprint(e.Changes); got != x.changes {
					t.Errorf("changes %s", got)
				}
			})
		})
	}
}

// TestHookToBlame: a hook that panics, or does what it may not, ends its exchange and no other.
func TestHookToBlame(t *testing.T) {
	for name, hook := range map[string]proxy.Hook{
		"request": {Name: "bad", Request: func(r *proxy.HeldRequest) {
			if r.Target() == "/bad" {
				panic("mine")
			}
		}},
		"reply": {Name: "bad", Reply: func(r *proxy.HeldReply) {
			if r.Request().Target != "/good" && !strings.HasSuffix(r.Request().Target, "/good") {
				panic(errors.New("mine"))
			}
		}},
		"field": {Name: "bad", Request: func(r *proxy.HeldRequest) {
			if r.Target() == "/bad" {
				r.Set("Content-Length", "5")
			}
		}},
		"trailers": {Name: "bad", Reply: func(r *proxy.HeldReply) {
			if !strings.HasSuffix(r.Request().Target, "/good") {
				r.Trailers(func([]relay.Field) []relay.Field { return []relay.Field{{Name: "Content-Length", Value: "5"}} })
			}
		}},
		"body": {Name: "bad", Reply: func(r *proxy.HeldReply) {
			if !strings.HasSuffix(r.Request().Target, "/good") {
				r.Body(func(io.Reader) io.Reader { panic("mine") })
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			everyWay(t, hello, []proxy.Hook{hook}, func(t *testing.T, u *underTest, c *http.Client, base string) {
				resp, err := c.Get(base + "/bad")
				if err == nil {
					_, err = io.Copy(io.Discard, resp.Body)
					_ = resp.Body.Close()
					if err == nil && resp.StatusCode < 500 {
						t.Error(resp.Status)
					}
				}
				if _, body := get(t, c, base+"/good"); !strings.Contains(body, "/good") {
					t.Errorf("%q", body)
				}
				c.CloseIdleConnections()
				for _, e := range u.total(t, 2) {
					if e.Path == "/good" {
						sound(t, e)
						continue
					}
					faulty(t, e, proxy.Request, proxy.SideProxy, proxy.SideProxy, proxy.CauseHook)
					if bad := (*proxy.HookError)(nil); !errors.As(e.Fault, &bad) || bad.Hook != "bad" {
						t.Error(e.Fault)
					}
				}
			})
		})
	}
}

// TestHolding: a hook that waits holds one stream of HTTP/2, and the others go on.
func TestHolding(t *testing.T) {
	release, held := make(chan bool), make(chan bool)
	o := newOrigin(t, hello, nil)
	u := start(t, o, func(p *proxy.Options) {
		p.Hooks = []proxy.Hook{{Request: func(r *proxy.HeldRequest) {
			if r.Target() == "/held" {
				close(held)
				select {
				case <-release:
				case <-r.Context().Done():
				}
			}
		}}}
	})
	c := u.client(nil)
	defer c.CloseIdleConnections()
	done := make(chan error, 1)
	go func() {
		resp, err := c.Get("https://" + wwwName + "/held")
		if err == nil {
			_ = resp.Body.Close()
		}
		done <- err
	}()
	<-held
	for range 3 {
		get(t, c, "https://"+wwwName+"/other")
	}
	select {
	case err := <-done:
		t.Fatal("it was not held", err)
	default:
	}
	close(release)
	if err := <-done; err != nil {
		t.Error(err)
	}
	c.CloseIdleConnections()
	for _, e := range u.total(t, 4) {
		sound(t, e)
		if e.Conn != 1 {
			t.Error("not on one connection")
		}
	}
}

// TestHeldUntilClose: Close ends what a hook holds.
func TestHeldUntilClose(t *testing.T) {
	held := make(chan bool)
	everyWay(t, hello, []proxy.Hook{{Request: func(r *proxy.HeldRequest) {
		select {
		case held <- true:
		case <-r.Context().Done():
		}
		<-r.Context().Done()
	}}}, func(t *testing.T, u *underTest, c *http.Client, base string) {
		done := make(chan error, 1)
		go func() {
			resp, err := c.Get(base + "/")
			if err == nil {
				_ = resp.Body.Close()
			}
			done <- err
		}()
		<-held
		if err := u.Close(); err != nil {
			t.Error(err)
		}
		<-done
	})
}

// TestHookTrailers: a hook may write to the trailers that it is given: what came stays what came, and the
// hook that changed them is to blame, not the last that saw them.
func TestHookTrailers(t *testing.T) {
	origin := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Trailer", "Sum")
		_, _ = io.Copy(w, r.Body)
		w.Header().Set("Sum", "real")
	}
	kept := []relay.Field(nil)
	hooks := []proxy.Hook{{Name: "one", Reply: func(r *proxy.HeldReply) {
		r.Trailers(func(fs []relay.Field) []relay.Field {
			if len(fs) != 1 {
				t.Errorf("it has %v", fs)
				return fs
			}
			fs[0].Value, kept = "mine", fs
			return fs
		})
	}}, {Name: "two", Reply: func(r *proxy.HeldReply) {
		r.Body(func(in io.Reader) io.Reader { return in })
		r.Trailers(func(fs []relay.Field) []relay.Field {
			if len(kept) > 0 {
				kept[0].Value = "late"
			}
			return fs
		})
	}}}
	everyWay(t, origin, hooks, func(t *testing.T, u *underTest, c *http.Client, base string) {
		resp, err := c.Post(base+"/", "text/plain", strings.NewReader("body"))
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if got := resp.Trailer.Get("Sum"); err != nil || string(b) != "body" || got != "mine" {
			t.Errorf("%q, %q, %v", b, got, err)
		}
		c.CloseIdleConnections()
		e := u.total(t, 1)[0]
		sound(t, e)
		if len(e.Trailers) != 1 || e.Trailers[0].Value != "real" {
			t.Errorf("there came %v", e.Trailers)
		}
		if got := fmt.Sprint(e.Changes); got != "[{one server trailers }]" {
			t.Error(got)
		}
	})
}
