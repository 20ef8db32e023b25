using Hearth.House;

namespace Hearth.Api;

/// <summary>Writes pictures.</summary>
internal static class PictureReply
{
    /// <param name="picture">A PNG file; null where there is none.</param>
    /// <param name="missing">Why there is none, a sentence without a full stop.</param>
    /// <exception cref="HouseException">There is none.</exception>
    public static async Task WriteAsync(ApiCall call, byte[]? picture, string missing)
    {
        if (picture is null)
            throw new HouseException(HouseFailure.StateNotFound, missing);
        call.Context.Response.ContentType = "image/png";
        call.Context.Response.ContentLength = picture.Length;
        await call.Context.Response.Body.WriteAsync(picture, call.Gone).ConfigureAwait(false);
    }
}
