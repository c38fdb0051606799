"""OSOR: the eraser and its weights."""

from methods.osor.eraser import Osor as Osor
