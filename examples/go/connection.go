package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand"
	"net"
	"os"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
)

// connection is a way to the service, shared by all flows.
type connection struct {
	*grpc.ClientConn
	// timeout is for one try of a call, patience for all tries of it.
	timeout, patience time.Duration
}

// call is one call of a generated client. The options must be passed on to it.
type call func(ctx context.Context, options ...grpc.CallOption) error

// connect makes the connection; it is opened by the first call.
func connect(s *settings) (*connection, error) {
	security := grpc.WithInsecure()
	if s.tls {
		configuration, err := tlsOf(s)
		if err != nil {
			return nil, err
		}
		security = grpc.WithTransportCredentials(credentials.NewTLS(configuration))
	} else if !isLoopback(s.server) {
		return nil, usageError{"tokens go unencrypted only to this machine: use -tls for " + s.server}
	}
	again := backoff.Config{BaseDelay: 250 * time.Millisecond, Multiplier: 2, Jitter: 0.5, MaxDelay: 8 * time.Second}
	conn, err := grpc.Dial(s.server, security, grpc.WithConnectParams(grpc.ConnectParams{Backoff: again, MinConnectTimeout: s.timeout}))
	if err != nil {
		return nil, usageError{err.Error()}
	}
	return &connection{conn, s.timeout, s.patience}, nil
}

func tlsOf(s *settings) (*tls.Config, error) {
	configuration := &tls.Config{MinVersion: tls.VersionTLS12}
	if s.ca != "" {
		authorities, err := os.ReadFile(s.ca)
		if err != nil {
			return nil, usageError{err.Error()}
		}
		configuration.RootCAs = x509.NewCertPool()
		if !configuration.RootCAs.AppendCertsFromPEM(authorities) {
			return nil, usageError{s.ca + " holds no certificate"}
		}
	}
	if s.cert != "" {
		pair, err := tls.LoadX509KeyPair(s.cert, s.certKey)
		if err != nil {
			return nil, usageError{err.Error()}
		}
		configuration.Certificates = []tls.Certificate{pair}
	}
	return configuration, nil
}

func isLoopback(server string) bool {
	host, _, err := net.SplitHostPort(server)
	address := net.ParseIP(host)
	return err == nil && (host == "localhost" || address != nil && address.IsLoopback())
}

// once makes a call that must not be made twice. credentials are pairs of metadata. It returns the metadata of the answer,
// and a *refusal or a doubt.
func (c *connection) once(ctx context.Context, credentials []string, do call) (metadata.MD, error) {
	ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(ctx, credentials...), c.timeout)
	defer cancel()
	var header, trailer metadata.MD
	err := do(ctx, grpc.Header(&header), grpc.Trailer(&trailer))
	answered := metadata.Join(header, trailer)
	return answered, judge(err, answered)
}

// untilCertain makes a call that is safe to repeat: again and again, the identical one, while the outcome is in doubt or
// the service asks to wait, until the patience is over.
func (c *connection) untilCertain(ctx context.Context, credentials []string, do call) (metadata.MD, error) {
	end := time.Now().Add(c.patience)
	for pause := 250 * time.Millisecond; ; pause = least(2*pause, 8*time.Second) {
		answered, err := c.once(ctx, credentials, do)
		wait := pause/2 + time.Duration(rand.Int63n(int64(pause/2)))
		var refused *refusal
		if err == nil || errors.As(err, &refused) && refused.wait == 0 || ctx.Err() != nil {
			return answered, err
		}
		cause := "no certain answer"
		if refused != nil {
			cause = "the service asks to wait"
			wait = most(wait, refused.wait)
		}
		if time.Now().Add(wait).After(end) {
			return answered, err
		}
		fmt.Fprintf(os.Stderr, "%s; the identical call goes out again in %s\n", cause, wait.Round(time.Millisecond))
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return answered, err
		}
	}
}

func least(a, b time.Duration) time.Duration {
	if a < b {
		return a
	}
	return b
}

func most(a, b time.Duration) time.Duration {
	return a + b - least(a, b)
}
