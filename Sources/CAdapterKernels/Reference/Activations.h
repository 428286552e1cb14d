/// The activations, one number at a time.
#include "ActivationFunctions.h"

static void activation(int kind, const float *x, float *y, size_t n) {
  for (size_t i = 0; i < n; i++) y[i] = (float)activate(kind, x[i]);
}

static void activation_backward(int kind, const float *x, const float *dy, float *dx, size_t n) {
  for (size_t i = 0; i < n; i++) dx[i] = (float)(slope(kind, x[i]) * dy[i]);
}
