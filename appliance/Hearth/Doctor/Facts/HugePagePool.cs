namespace Hearth.Doctor.Facts;

/// <summary>Huge pages of one size that were set aside.</summary>
/// <param name="Size">Bytes of a page.</param>
/// <param name="Total">Pages.</param>
/// <param name="Free">Pages nobody uses.</param>
internal sealed record HugePagePool(long Size, long Total, long Free);
