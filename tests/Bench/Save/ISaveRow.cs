using Hearth.Guests;

namespace Hearth.Bench.Save;

/// <summary>Something that is measured on both sides, with the same guest.</summary>
internal interface ISaveRow
{
    /// <summary>As <c>--rows</c> has it; rows that differ in the guest's memory share it.</summary>
    string Name { get; }

    /// <summary>With the guest's memory where that differs, for messages.</summary>
    string Title { get; }

    IEnumerable<SaveFigure> Figures { get; }

    /// <exception cref="GuestsException">The guest fails, or Hearth.</exception>
    void MeasureHearth(SaveRun run);

    /// <exception cref="GuestsException">The guest fails, or QEMU.</exception>
    void MeasureQemu(SaveRun run);
}
