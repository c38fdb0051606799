/* What is said of a result: by numbers, in plain words, and by whoever looks at it. */
(() => {
  "use strict";
  const lab = eraserLab;
  const { h, t } = lab;

  lab.readings = () => [];
  lab.humanRemark = () => "";
  void h; void t;
})();
