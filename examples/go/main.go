// The client is a device, its operator, an application and a person of Keyturn, over gRPC: it rotates a key, resets a
// secret and binds an identity.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand"
	"os"
	"os/signal"
	"syscall"
	"time"

	"google.golang.org/grpc/metadata"
)

// client is what all flows share.
type client struct {
	*settings
	*connection
}

// flow is one use of the service. It ends with a *refusal, a doubt, a usageError or a fault of this machine.
type flow func(*client, context.Context) error

var flows = map[string][]flow{
	"all":           {(*client).register, (*client).rotate, (*client).showKeys, (*client).resetSecret, (*client).bindIdentity},
	"register":      {(*client).register},
	"rotate":        {(*client).rotate},
	"show_keys":     {(*client).showKeys},
	"reset_secret":  {(*client).resetSecret},
	"bind_identity": {(*client).bindIdentity},
	"refusals":      {(*client).refusals},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Devices that were started together must not repeat their calls together.
	rand.Seed(time.Now().UnixNano())
	os.Exit(exitCode(run(ctx, os.Args[1:])))
}

func run(ctx context.Context, arguments []string) error {
	s, name, err := readSettings(arguments)
	if err != nil {
		return err
	}
	steps, known := flows[name]
	if !known {
		return usageError{fmt.Sprintf("there is no flow %q; -help names them", name)}
	}
	c, err := connect(s)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := lockFolder(s.folder); err != nil {
		return err
	}
	for _, step := range steps {
		if err := step(&client{s, c}, ctx); err != nil {
			return err
		}
	}
	return nil
}

// say prints what a flow has done.
func (c *client) say(flow, format string, values ...any) {
	fmt.Printf(flow+": "+format+"\n", values...)
}

// sinceEarlier is what is said of an answer that the service had stored for an earlier try.
func sinceEarlier(answered metadata.MD) string {
	if first(answered, "idempotent-replayed") == "true" {
		return ", by an earlier try"
	}
	return ""
}

// exitCode prints an error and says what the program ends with.
func exitCode(err error) int {
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(os.Stderr, err)
	var refused *refusal
	var wrong usageError
	switch {
	case errors.As(err, &wrong):
		return 2
	case errors.As(err, &refused):
		return 3
	}
	return 1
}
