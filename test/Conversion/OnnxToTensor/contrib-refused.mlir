// RUN: wafer-opt %s -convert-onnx-to-tensor -split-input-file -verify-diagnostics

// ONNX's library knows nothing of these operators: what their nodes may read is checked here alone.
func.func @operands(%x: tensor<2x3x8xf32>, %w: tensor<8xf32>, %i: tensor<2x3xi32>) -> tensor<2x3x8xf32> {
  // expected-error @+1 {{[WF2004] node '' (com.microsoft.SkipLayerNormalization): operand 2 is missing}}
  %a = onnx.node "SkipLayerNormalization" of "com.microsoft" since 1 (%x, %x) : (tensor<2x3x8xf32>, tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  // expected-error @+1 {{[WF2004] node '' (com.microsoft.SimplifiedLayerNormalization): operand 0 is not of floats}}
  %b = onnx.node "SimplifiedLayerNormalization" of "com.microsoft" since 1 (%i, %w) : (tensor<2x3xi32>, tensor<8xf32>) -> tensor<2x3x8xf32>
  // expected-error @+1 {{[WF2004] node '' (com.microsoft.RotaryEmbedding): operand 1 is not of integers}}
  %c = onnx.node "RotaryEmbedding" of "com.microsoft" since 1 (%x, %x, %x, %x) : (tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<2x3x8xf32>, tensor<2x3x8xf32>) -> tensor<2x3x8xf32>
  // expected-error @+1 {{[WF2004] node '' (com.microsoft.BiasGelu): the operator takes no operand 2}}
  %d = onnx.node "BiasGelu" of "com.microsoft" since 1 (%x, %w, %w) : (tensor<2x3x8xf32>, tensor<8xf32>, tensor<8xf32>) -> tensor<2x3x8xf32>
  return %d : tensor<2x3x8xf32>
}

// -----

func.func @masks(%x: tensor<2x3x8xf32>, %w: tensor<8x24xf32>, %b: tensor<24xf32>, %m: tensor<2x3xi32>, %bias: tensor<5x2x3x3xf32>) -> tensor<2x3x8xf32> {
  // expected-error @+1 {{[WF2004] node '' (com.microsoft.Attention): past must be}}
  %a = onnx.node "Attention" of "com.microsoft" since 1 (%x, %w, %b, %m, %bias) {num_heads = 2 : i64} : (tensor<2x3x8xf32>, tensor<8x24xf32>, tensor<24xf32>, tensor<2x3xi32>, tensor<5x2x3x3xf32>) -> tensor<2x3x8xf32>
  %none = onnx.none
  // expected-error @+1 {{[WF2004] node '' (com.microsoft.Attention): the mask and the attention bias do not go together}}
  %c = onnx.node "Attention" of "com.microsoft" since 1 (%x, %w, %b, %m, %none, %bias) {num_heads = 2 : i64} : (tensor<2x3x8xf32>, tensor<8x24xf32>, tensor<24xf32>, tensor<2x3xi32>, none, tensor<5x2x3x3xf32>) -> tensor<2x3x8xf32>
  // expected-error @+1 {{[WF2004] node '' (com.microsoft.Attention): the weight's columns do not divide into heads}}
  %d = onnx.node "Attention" of "com.microsoft" since 1 (%x, %w) {num_heads = 2 : i64, qkv_hidden_sizes = array<i64: -8, 16, 16>} : (tensor<2x3x8xf32>, tensor<8x24xf32>) -> tensor<2x3x8xf32>
  return %d : tensor<2x3x8xf32>
}

// -----

func.func @batches(%q: tensor<1x3x8xf32>, %k: tensor<7x3x8xf32>, %n: tensor<1xi32>) -> tensor<1x3x8xf32> {
  %total = onnx.constant dense<3> : tensor<i32>
  %none = onnx.none
  // expected-error @+1 {{[WF2004] node '' (com.microsoft.GroupQueryAttention): queries, keys and values must be of one batch and one length}}
  %y = onnx.node "GroupQueryAttention" of "com.microsoft" since 1 (%q, %k, %k, %none, %none, %n, %total) {num_heads = 2 : i64, kv_num_heads = 2 : i64} : (tensor<1x3x8xf32>, tensor<7x3x8xf32>, tensor<7x3x8xf32>, none, none, tensor<1xi32>, tensor<i32>) -> tensor<1x3x8xf32>
  return %y : tensor<1x3x8xf32>
}

// -----

func.func @blocks(%x: tensor<3x18xf32>, %w: tensor<2x2x4xi32>, %s: tensor<4xf32>) -> tensor<3x2xf32> {
  // expected-error @+1 {{[WF2001] node '' (com.microsoft.MatMulNBits): needs an operand of f32 that ends in K, bits of 2, 4 or 8 and blocks of whole bytes}}
  %y = onnx.node "MatMulNBits" of "com.microsoft" since 1 (%x, %w, %s) {K = 18 : i64, N = 2 : i64, bits = 4 : i64, block_size = 9 : i64} : (tensor<3x18xf32>, tensor<2x2x4xi32>, tensor<4xf32>) -> tensor<3x2xf32>
  // expected-error @+1 {{[WF2004] node '' (com.microsoft.MatMulNBits): N and K are larger than any weight}}
  %z = onnx.node "MatMulNBits" of "com.microsoft" since 1 (%x, %w, %s) {K = 18 : i64, N = 4611686018427387904 : i64, bits = 4 : i64, block_size = 16 : i64} : (tensor<3x18xf32>, tensor<2x2x4xi32>, tensor<4xf32>) -> tensor<3x2xf32>
  return %y : tensor<3x2xf32>
}

// -----

func.func @extents(%x: tensor<1x9223372036854775807x6x4xf32>) -> tensor<1x8x3x2xf32> {
  // expected-error @+2 {{[WF1008] node '' (SpaceToDepth): operand 0 is a tensor<1x9223372036854775807x6x4xf32>, larger than any machine}}
  // expected-note @+1 {{hint: give smaller dimensions}}
  %y = onnx.node "SpaceToDepth" since 13 (%x) {blocksize = 2 : i64} : (tensor<1x9223372036854775807x6x4xf32>) -> tensor<1x8x3x2xf32>
  return %y : tensor<1x8x3x2xf32>
}

// -----

func.func @quantized_lstm(%x: tensor<3x1x2xf32>, %w: tensor<1x2x8xi8>, %n: tensor<1xi32>, %s: tensor<1xf32>, %t: tensor<2xf32>, %z: tensor<1xi8>) -> tensor<3x1x1x2xf32> {
  %none = onnx.none
  // expected-error @+2 {{[WF2001] node '' (com.microsoft.DynamicQuantizeLSTM): sequences that end before the last step}}
  // expected-note @+1 {{hint: leave sequence_lens out}}
  %a = onnx.node "DynamicQuantizeLSTM" of "com.microsoft" since 1 (%x, %w, %w, %none, %n, %none, %none, %none, %s, %z, %s, %z) {hidden_size = 2 : i64} : (tensor<3x1x2xf32>, tensor<1x2x8xi8>, tensor<1x2x8xi8>, none, tensor<1xi32>, none, none, none, tensor<1xf32>, tensor<1xi8>, tensor<1xf32>, tensor<1xi8>) -> tensor<3x1x1x2xf32>
  // expected-error @+1 {{[WF2004] node '' (com.microsoft.DynamicQuantizeLSTM): operand 10 has neither one element for each direction nor one for each row}}
  %b = onnx.node "DynamicQuantizeLSTM" of "com.microsoft" since 1 (%x, %w, %w, %none, %none, %none, %none, %none, %s, %z, %t, %z) {hidden_size = 2 : i64} : (tensor<3x1x2xf32>, tensor<1x2x8xi8>, tensor<1x2x8xi8>, none, none, none, none, none, tensor<1xf32>, tensor<1xi8>, tensor<2xf32>, tensor<1xi8>) -> tensor<3x1x1x2xf32>
  // expected-error @+1 {{[WF2004] node '' (com.microsoft.DynamicQuantizeLSTM): operand 11 is missing}}
  %c = onnx.node "DynamicQuantizeLSTM" of "com.microsoft" since 1 (%x, %w, %w, %none, %none, %none, %none, %none, %s, %z, %s) {hidden_size = 2 : i64} : (tensor<3x1x2xf32>, tensor<1x2x8xi8>, tensor<1x2x8xi8>, none, none, none, none, none, tensor<1xf32>, tensor<1xi8>, tensor<1xf32>) -> tensor<3x1x1x2xf32>
  return %a : tensor<3x1x1x2xf32>
}
