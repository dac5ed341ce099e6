package main

import (
	"context"

	"google.golang.org/grpc"

	pb "keyturn.example/keyturn/v1"
)

// proveAddress opens a job, brings the code that went to the address, has Keyturn countersign that the address belongs to
// the key, and checks what it has signed. scope is `email` or `phone`.
func (c *client) proveAddress(ctx context.Context, identities pb.IdentityBindingServiceClient, self identity, scope, address string) error {
	jwt, err := self.claim(map[string]any{"scope": scope, scope: address})
	if err != nil {
		return err
	}
	var job, signed string
	// Made once: a repeated call would send another code.
	_, err = c.once(ctx, nil, func(ctx context.Context, options ...grpc.CallOption) error {
		answer, err := identities.SignRequest(ctx, &pb.SignRequestRequest{Jwt: jwt}, options...)
		job = answer.GetJob()
		return err
	})
	if err != nil {
		return err
	}
	code, err := c.readCode(ctx, address)
	if err != nil {
		return err
	}
	// The right code may come twice, and a job is countersigned once: both are safe to repeat.
	_, err = c.untilCertain(ctx, nil, func(ctx context.Context, options ...grpc.CallOption) error {
		_, err := identities.SignConfirm(ctx, &pb.SignConfirmRequest{Job: job, Code: &code}, options...)
		return err
	})
	if err != nil {
		return err
	}
	_, err = c.untilCertain(ctx, nil, func(ctx context.Context, options ...grpc.CallOption) error {
		answer, err := identities.SignUpdate(ctx, &pb.SignUpdateRequest{Job: job}, options...)
		signed = answer.GetJwt()
		return err
	})
	if err != nil {
		return err
	}
	return c.checkCountersigned(ctx, signed, self.name, scope, address)
}
