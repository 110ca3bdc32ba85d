"""Enhanced multi-frame CT and MR: each frame as a slice, from its functional groups (PS3.3 C.7.6.16)."""

from types import MappingProxyType

import numpy as np

from trocar.dicom.attributes import Attributes
from trocar.dicom.slices import (
    PHYSICAL_TRAITS,
    Slice,
    Source,
    in_plane_spacing,
    padding_range,
    plane_axes,
    read_scale,
)
from trocar.errors import RefusedObject
from trocar.geometry.value import frozen_array

FRAME_TYPES = ("CTImageFrameTypeSequence", "MRImageFrameTypeSequence")

_TRAIT_PLACES = (
    ("FrameContentSequence", "TemporalPositionIndex", "TemporalPositionIndex"),
    ("FrameContentSequence", "NominalCardiacTriggerDelayTime", "TriggerTime"),
    ("FrameContentSequence", "FrameAcquisitionNumber", "AcquisitionNumber"),
    ("FrameContentSequence", "StackID", "StackID"),
    ("MREchoSequence", "EffectiveEchoTime", "EchoTime"),
    ("MRDiffusionSequence", "DiffusionBValue", "DiffusionBValue"),
    ("CTXRayDetailsSequence", "KVP", "KVP"),
    ("CTReconstructionSequence", "ConvolutionKernel", "ConvolutionKernel"),
    ("CardiacSynchronizationSequence", "NominalPercentageOfCardiacPhase", "NominalPercentageOfCardiacPhase"),
    ("TemporalPositionSequence", "TemporalPositionTimeOffset", "TemporalPositionIdentifier"),
)
"""Functional group, attribute in it, and the trait of `trocar.dicom.slices` that it is."""


def frame_slices(source: Source, attributes: Attributes) -> tuple[Slice, ...]:
    """Return one slice a frame.

    Raises
    ------
    RefusedObject
        There are fewer frame descriptions than frames, or one lacks its place, spacing or scale.
    """
    shared = attributes.first_item_or_none("SharedFunctionalGroupsSequence")
    frames = attributes.items("PerFrameFunctionalGroupsSequence")
    if len(frames) != source.frames:
        raise RefusedObject(
            "dicom.frames-undescribed",
            "{where} holds {frames} frames but describes {described}; without position and orientation of each they "
            "make no volume",
            where=attributes.where,
            frames=source.frames,
            described=len(frames),
        )
    return tuple(_Groups(attributes, shared, each).slice_of(source, number) for number, each in enumerate(frames))


class _Groups:
    """The functional groups of one frame: its own, else those all frames share."""

    def __init__(self, whole: Attributes, shared: Attributes | None, own: Attributes) -> None:
        self._whole, self._shared, self._own = whole, shared, own

    def slice_of(self, source: Source, number: int) -> Slice:
        measures = self._required("PixelMeasuresSequence")
        axis_i, axis_j = plane_axes(self._required("PlaneOrientationSequence"))
        position = self._required("PlanePositionSequence").numbers("ImagePositionPatient", 3)
        scale = self._group("PixelValueTransformationSequence") or self._whole
        geometry = self._group("CTGeometrySequence")
        return Slice(
            source=source,
            frame=number,
            frame_uid=self._whole.uid_or("FrameOfReferenceUID", ""),
            position_lps_mm=frozen_array(position, np.float64),
            axis_i=axis_i,
            axis_j=axis_j,
            spacing_ij_mm=in_plane_spacing(measures),
            scale=read_scale(scale, modality=source.modality),
            padding=padding_range(self._whole),
            thickness_mm=measures.number_or_none("SliceThickness"),
            spacing_mm=measures.number_or_none("SpacingBetweenSlices"),
            image_type=self._frame_type(),
            number=self._whole.integer_or_none("InstanceNumber") if source.frames == 1 else None,
            tilt_degree=None if geometry is None else geometry.number_or_none("GantryDetectorTilt"),
            row_letters="",
            column_letters="",
            traits=MappingProxyType(self._traits()),
        )

    def _group(self, keyword: str) -> Attributes | None:
        found = self._own.first_item_or_none(keyword)
        return found if found is not None or self._shared is None else self._shared.first_item_or_none(keyword)

    def _required(self, keyword: str) -> Attributes:
        found = self._group(keyword)
        return self._own.required_items(keyword)[0] if found is None else found

    def _frame_type(self) -> tuple[str, ...]:
        stated = next((group for group in map(self._group, FRAME_TYPES) if group is not None), None)
        texts = self._whole.texts("ImageType") if stated is None else stated.texts("FrameType")
        return tuple(text.upper() for text in texts)

    def _traits(self) -> dict[str, str]:
        found = {keyword: self._whole.text_or(keyword, "") for keyword in ("KVP", "ConvolutionKernel")}
        found["ImageType"] = "\\".join(self._frame_type())
        for sequence, keyword, trait in _TRAIT_PLACES:
            group = self._group(sequence)
            if group is not None and group.has(keyword):
                found[trait] = group.text_or(keyword, "")
        diffusion = self._group("MRDiffusionSequence")
        if diffusion is not None:
            gradient = diffusion.first_item_or_none("DiffusionGradientDirectionSequence")
            direction = "" if gradient is None else gradient.text_or("DiffusionGradientOrientation", "")
            found["DiffusionBValue"] = f"{found.get('DiffusionBValue', '')} {direction}".strip()
        known = (*PHYSICAL_TRAITS, "AcquisitionNumber", "StackID")
        return {trait: text for trait, text in found.items() if trait in known and text}
