/** A header that says who has signed, without a valid signature. */
export const claiming = (accessKeyId: string) =>
  `authorization: AWS4-HMAC-SHA256 Credential=${accessKeyId}/20260101/us-east-1/chime/aws4_request, SignedHeaders=host;x-amz-date, Signature=${'0'.repeat(64)}\r\n`
