package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	pb "keyturn.example/keyturn/v1"
)

// mostSigned is how many JWTs a run signs for one new key: a service that knows the key and takes none of them has
// another time.
const mostSigned = 3

// rotate replaces the key of the device. It may be killed at any point: the next run finishes what this one has begun.
func (c *client) rotate(ctx context.Context) error {
	state, current, err := openState(c.folder, c.device)
	if err != nil {
		return err
	}
	// What fails now would fail when it is too late.
	if err := c.writeKey(current); err != nil {
		return usageError{err.Error()}
	}
	resumed := state.Pending != nil
	if resumed {
		c.say("rotate", "a run was interrupted: its rotation is finished first")
	} else {
		next, err := newKey(orElse(c.algorithm, current.algorithm))
		if err != nil {
			return err
		}
		if err := state.open(current, next, c.lifetime, false); err != nil {
			return err
		}
		c.say("rotate", "the new key %s is stored, and goes out now", next.thumbprint())
	}
	return c.settle(ctx, state, !resumed)
}

// settle sends the open update until the service has the new key, or has refused it for good. replaced says that a
// refused key must not be replaced by another one in this run.
func (c *client) settle(ctx context.Context, state *rotationState, replaced bool) error {
	for signed := 0; ; {
		pending := state.Pending
		answered, err := c.send(ctx, pending.JWT, pending.Pop)
		var refused *refusal
		switch {
		case err == nil:
			return c.finish(state, sinceEarlier(answered))
		case !errors.As(err, &refused):
			return err
		case refused.reason == pb.ErrorReason_ERROR_REASON_DEVICE_UNAUTHENTICATED:
			old, next, err := c.findCurrent(ctx, state, refused)
			if err != nil {
				return err
			}
			if old.thumbprint() == next.thumbprint() {
				return c.finish(state, ", by an earlier try")
			}
			if signed++; signed > mostSigned {
				return doubt{fmt.Errorf("the service knows the key and takes no JWT of it: is a clock wrong? %v", refused)}
			}
			c.say("rotate", "%s is the current key: it signs another JWT for the same new key", old.thumbprint())
			if err := state.open(old, next, c.lifetime, pending.Replacement); err != nil {
				return err
			}
		case blamesKey(refused.reason) && !replaced:
			replaced = true
			if err := c.replace(state, refused); err != nil {
				return err
			}
		default:
			return refused
		}
	}
}

// send sends an update or a probe until there is a certain answer.
func (c *client) send(ctx context.Context, jwt, pop string) (metadata.MD, error) {
	keys := pb.NewDeviceKeyServiceClient(c)
	return c.untilCertain(ctx, []string{"authorization", jwt}, func(ctx context.Context, options ...grpc.CallOption) error {
		_, err := keys.UpdatePublicKey(ctx, &pb.UpdatePublicKeyRequest{Pop: pop}, options...)
		return err
	})
}

// blamesKey tells the refusals that another new key may get round.
func blamesKey(reason pb.ErrorReason) bool {
	return reason == pb.ErrorReason_ERROR_REASON_PUBLIC_KEY_REUSED || reason == pb.ErrorReason_ERROR_REASON_PUBLIC_KEY_INVALID
}

// replace opens the update anew with another key, once for each rotation, or if another algorithm is asked for.
func (c *client) replace(state *rotationState, refused *refusal) error {
	old, err := state.key(state.Pending.OldThumbprint)
	if err != nil {
		return err
	}
	next, err := state.key(state.Pending.NewThumbprint)
	if err != nil {
		return err
	}
	algorithm := orElse(c.algorithm, old.algorithm)
	if state.Pending.Replacement && next.algorithm == algorithm {
		return refused
	}
	if next, err = newKey(algorithm); err != nil {
		return err
	}
	c.say("rotate", "the service has refused the new key: %s takes its place", next.thumbprint())
	return state.open(old, next, c.lifetime, true)
}

// finish is for when the service has the new key. Only now a key may be deleted: all but the new one and the one before.
func (c *client) finish(state *rotationState, how string) error {
	next, err := state.key(state.Pending.NewThumbprint)
	if err != nil {
		return err
	}
	if err := c.writeKey(next); err != nil {
		return err
	}
	var kept []storedKey
	for _, stored := range state.Keys {
		if stored.Thumbprint == state.Pending.OldThumbprint || stored.Thumbprint == state.Pending.NewThumbprint {
			kept = append(kept, stored)
		} else {
			state.Dropped = append(state.Dropped, stored.Thumbprint)
		}
	}
	state.Keys, state.Pending = kept, nil
	if err := state.save(); err != nil {
		return err
	}
	c.say("rotate", "%s has the new key %s%s", c.device, next.thumbprint(), how)
	return nil
}

func (c *client) writeKey(k key) error {
	text, err := k.pem()
	if err != nil {
		return err
	}
	return writeDurably(filepath.Join(c.folder, "key.pem"), text)
}
