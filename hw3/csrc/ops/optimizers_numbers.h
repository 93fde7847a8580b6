#pragma once
// The numbers of one step of an optimiser; each is rounded to the dtype of the elements when it is
// used.

namespace needle {

struct AdamNumbers {
  double beta1, beta2;
  double eps;             // times the correction c = sqrt(1 - beta2^t)
  double step;            // -lr c / (1 - beta1^t)
  double gradient_decay;  // what is added to the gradient for each parameter
  double keep;            // what is left of the parameter
};

struct SgdNumbers {
  double lr, momentum, share, decay;
  bool nesterov;
};

}  // namespace needle
